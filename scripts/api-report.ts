/**
 * The report of a package's surface: its entries, the names that each exports, and their declared
 * shapes. Read from the compiler's declarations, whose statements begin in the first column.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const COMMENT = /("(?:\\.|[^"\\\n])*")|\/\*.*?\*\/\s*?(?=\n|[^\s])|\/\/[^\n]*/gs;
const STATEMENT = /^(?=(?:export|import|declare|interface|type|class|const|function)\b)/m;
const LIST = /^(?:export|import) (?:type )?(?:\{([^}]*)\}|\*)(?: from "([^"]+)")?;/;
const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:function|const|class|interface|type|enum|let) (\w+)/;

/** Declarations by exported name. A function with overloads has several. */
type Surface = ReadonlyMap<string, readonly string[]>;

/** Entries of a package by name, each the path of its declarations. */
export type Entries = Readonly<Record<string, string>>;
/** Files of the names that begin with `#`. */
export type Imports = Readonly<Record<string, string>>;

/** Declarations of a file of the package, and where a path in it leads. */
interface Files {
  read(file: string): Declarations;
  targetOf(path: string, file: string): string;
}

/**
 * Writes the report.
 *
 * @throws Error if an export has a form that is not read
 */
export function apiReport(name: string, entries: Entries, imports: Imports): string {
  const files = filesOf(imports);
  const lines: string[] = [];
  /** Entry that shows a declaration. The others refer to it. */
  const shown = new Map<string, string>();
  for (const [entry, file] of Object.entries(entries)) {
    const title = join(name, entry);
    const surface = surfaceOf(file, files);
    lines.push(`# ${title}: ${surface.size} names`, "");
    for (const [exported, statements] of [...surface].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const text = statements.join("\n");
      const key = `${exported} ${text}`;
      const first = shown.get(key);
      lines.push(first === undefined ? text : `${exported}: see ${first}`);
      if (first === undefined) shown.set(key, title);
    }
    lines.push("");
  }
  return lines.join("\n");
}

/** Names of one file of declarations. */
interface Declarations {
  /** Declared in the file, exported or not. */
  readonly declared: Map<string, string[]>;
  /** Imported or renamed, by their names in the file. Without a path: from the file itself. */
  readonly links: Map<string, { readonly own: string; readonly path: string | undefined }>;
  readonly exported: Set<string>;
  /** Files that are exported as a whole. */
  readonly stars: string[];
}

function read(file: string): Declarations {
  const source = readFileSync(file, "utf8").replace(COMMENT, "$1");
  const found: Declarations = { declared: new Map(), links: new Map(), exported: new Set(), stars: [] };
  for (const statement of source.split(STATEMENT)) {
    const isExport = statement.startsWith("export");
    const name = DECLARED.exec(statement)?.[1];
    const list = LIST.exec(statement);
    if (name !== undefined) {
      found.declared.set(name, [...(found.declared.get(name) ?? []), shapeOf(statement)]);
      if (isExport) found.exported.add(name);
    } else if (list !== null) {
      const [, names, path] = list;
      if (names === undefined) found.stars.push(path!);
      for (const item of names?.split(",") ?? []) {
        const [own = "", as = own] = item
          .trim()
          .replace(/^type /, "")
          .split(" as ");
        if (own === "") continue;
        if (path !== undefined || own !== as) found.links.set(as, { own, path });
        if (isExport) found.exported.add(as);
      }
    } else if (isExport) throw new Error(`${file}: not read: ${statement}`);
  }
  return found;
}

/** An entry asks for the same file once for each of its names, so each file is read once. */
function filesOf(imports: Imports): Files {
  const known = new Map<string, Declarations>();
  return {
    read(file) {
      const found = known.get(file) ?? read(file);
      known.set(file, found);
      return found;
    },
    /** The file beside the one that names it, or what the manifest names for Node. */
    targetOf(path, file) {
      const found = path.startsWith("#") ? imports[path]! : join(dirname(file), path);
      return found.replace(/\.[jt]s$/, ".d.ts");
    },
  };
}

/** Declarations of a name of a file, wherever they are. */
function declarationsOf(name: string, file: string, files: Files): readonly string[] {
  const { declared, links } = files.read(file);
  const own = declared.get(name);
  if (own !== undefined) return own;
  const link = links.get(name);
  if (link === undefined) throw new Error(`${file}: ${name} is not declared`);
  if (link.path === undefined) return declarationsOf(link.own, file, files);
  if (!/^[.#]/.test(link.path)) return [`${name}: ${link.own} of ${link.path}`];
  return declarationsOf(link.own, files.targetOf(link.path, file), files);
}

function surfaceOf(file: string, files: Files): Surface {
  const { exported, stars } = files.read(file);
  const own = [...exported].map((name) => [name, declarationsOf(name, file, files)] as const);
  return new Map([...stars.flatMap((path) => [...surfaceOf(files.targetOf(path, file), files)]), ...own]);
}

function shapeOf(statement: string): string {
  return statement
    .replace(/^export (?:declare )?/, "")
    .replace(/^\s*#private;\n/gm, "")
    .replace(/\n\s*\n/g, "\n")
    .trimEnd();
}
