/**
 * docs/architecture.md as data: the folders, and the imports that each part may make.
 * `check-arrows` compares the tree with it.
 *
 * @module
 */

import { AGENT_NAMES } from "topology";

/** Folders and imports that docs/architecture.md allows. */
export interface ArchitectureMap {
  /** Every folder of section 2, from the root. */
  readonly folders: readonly string[];
  /**
   * By folder: our packages and entry points that it may import. A folder inside a package precedes
   * the package.
   */
  readonly arrows: Readonly<Record<string, readonly string[]>>;
}

/** @throws Error when the page has no layout or no arrows */
export function readMap(page: string): ArchitectureMap {
  const layout = /^## 2\. Layout\n```\n(.*?)^```/ms.exec(page)?.[1];
  const table = /^### Arrows.*?\n```\n(.*?)^```/ms.exec(page)?.[1];
  if (layout === undefined || table === undefined) throw new Error("docs/architecture.md has no map");
  const folders = foldersOf(layout.replaceAll("<agent>", AGENT_NAMES.join("  ")));
  const rows = [
    ...table.replaceAll("<agent>", AGENT_NAMES.join(", ")).matchAll(/^(\S.*?) -+> (.+)$/gm),
  ].flatMap(([, parts, allowed]) =>
    parts!.split(", ").map((part) => {
      const names = allowed === "nothing of ours" ? [] : allowed!.split(", ");
      return [folderOf(part, folders), names] as const;
    }),
  );
  return { folders, arrows: Object.fromEntries(rows.sort(([a], [b]) => b.length - a.length)) };
}

/** Lines `name/` at the margin, `name/` or several names inside it, `src/name/` inside of that. */
function foldersOf(layout: string): string[] {
  const folders: string[] = [];
  let top = "";
  let inner = "";
  for (const line of layout.split("\n")) {
    const [, indent = "", path] = /^( *)(\S+)\/(?: |$)/.exec(line) ?? [];
    if (path === undefined) {
      folders.push(...(line.match(/\S+/g) ?? []).map((name) => `${top}/${name}`));
      continue;
    }
    if (indent.length === 0) top = path;
    if (indent.length === 2) inner = `${top}/${path}`;
    folders.push([path, inner, `${inner}/${path}`][indent.length / 2]!);
  }
  return folders;
}

function folderOf(part: string, folders: readonly string[]): string {
  const [name, entry] = part.split("/");
  const candidates = [part, `services/${part}`, `packages/${part}`, `packages/${name}/src/${entry}`];
  const folder = candidates.find((candidate) => folders.includes(candidate));
  if (folder === undefined) throw new Error(`docs/architecture.md has arrows of ${part}, and no such folder`);
  return folder;
}

/**
 * Folders that are missing on the map or in the tree. `src` folders are compared if the map shows
 * those of the package.
 */
export function folderProblems({ folders }: ArchitectureMap, found: readonly string[]): string[] {
  const isShown = (folder: string) => {
    const source = /^.*\/src\//.exec(folder)?.[0];
    return source === undefined || folders.some((other) => other.startsWith(source));
  };
  return [
    ...found
      .filter((folder) => isShown(folder) && !folders.includes(folder))
      .map((folder) => `${folder}: not in the layout of docs/architecture.md`),
    ...folders
      .filter((folder) => !found.includes(folder))
      .map((folder) => `docs/architecture.md: shows ${folder}, which is not there`),
  ];
}

/**
 * The layers of `packages/aauth/src`, lowest first: a file imports from its own folder and from
 * lower layers, never sideways or up. A named file belongs to its layer and not to its folder's.
 */
export const AAUTH_LAYERS: readonly (readonly string[])[] = [
  [
    "errors.ts",
    "types.ts",
    "base64.ts",
    "quoted-string.ts",
    "json-guards.ts",
    "supported-node.ts",
    "crypto",
    "http-signatures/report.ts",
  ],
  ["store"],
  ["keys"],
  ["http-signatures/field.ts"],
  ["discovery"],
  ["http-signatures"],
  ["tokens"],
  ["profile"],
  ["draft-11"],
  ["deferred"],
  ["default-profile.ts", "profile/index.ts"],
  ["discovery/create-discovery.ts"],
  ["resource", "agent"],
  ["testing", "server", "gates"],
  ["index.ts", "wire.ts"],
  // Above the library, which does not import the add-on.
  ["february-2026"],
];

const ADD_TO_LAYERS = "add it to AAUTH_LAYERS in scripts/arrows.ts";

/** A source file by its path from the repository's root, with the specifiers it imports. */
export interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
}

/** One of our packages. */
export interface Package {
  readonly folder: string;
  readonly name: string;
  /** The packages that its manifest names. */
  readonly dependencies: readonly string[];
}

/**
 * Imports that are not on the map or not in the package's manifest, each as a sentence that begins
 * with the place. knip checks the manifests for foreign packages, but takes a dependency of the
 * root for one of every package.
 */
export function arrowProblems(
  { arrows }: Pick<ArchitectureMap, "arrows">,
  packages: readonly Package[],
  files: readonly SourceFile[],
): string[] {
  return files.flatMap(({ path, imports }) => {
    const own = packages.find(({ folder }) => path.startsWith(`${folder}/`));
    if (own === undefined) return [];
    const part = Object.keys(arrows).find((folder) => path.startsWith(`${folder}/`)) ?? own.folder;
    const problems = imports.flatMap((specifier) => {
      if (specifier.startsWith(".")) return relativeProblems(path, specifier, { ...own, folder: part });
      const [name = ""] = specifier.split("/", 1);
      if (!packages.some((other) => other.name === name)) return [];
      if (!arrows[part]?.includes(specifier))
        return [`${path}: imports ${specifier}, which docs/architecture.md does not allow`];
      return name === own.name || own.dependencies.includes(name)
        ? []
        : [`${path}: imports ${specifier}, which ${own.folder}/package.json does not name`];
    });
    return [...new Set(problems)];
  });
}

/** The add-on's folder, and the packages whose other sources do not name it. */
const ADD_ON = "packages/aauth/src/february-2026/";
const UNAWARE_OF_IT = /^packages\/(?:aauth|fastify-aauth)\/src\//;

/**
 * A source of the core or of the Fastify gate that names the add-on, in code or comment, as a
 * sentence that begins with the place.
 */
export function addOnProblems(path: string, source: string): string[] {
  if (!UNAWARE_OF_IT.test(path) || path.startsWith(ADD_ON)) return [];
  return /february/i.test(source) ? [`${path}: names February 2026, which is an add-on`] : [];
}

/** The specifiers of static imports, re-exports and dynamic imports in a TypeScript source. */
export function importsOf(source: string): string[] {
  // Enough for formatted code; reviews refuse specifiers that are built at run time.
  const withoutComments = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern =
    /(?:^|[\n;}])\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;
  return [...withoutComments.matchAll(pattern)].map((match) => (match[1] ?? match[2])!);
}

function relativeProblems(path: string, specifier: string, { folder, name }: Package): string[] {
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  if (!target.startsWith(`${folder}/`)) return [`${path}: imports ${specifier} outside its own package`];
  return name === "aauth" ? layerProblems(path, target, folder) : [];
}

function layerProblems(path: string, target: string, folder: string): string[] {
  const from = placeOf(path, `${folder}/src/`);
  const to = placeOf(target, `${folder}/src/`);
  if (from === undefined) return [`${path}: is in no layer of aauth; ${ADD_TO_LAYERS}`];
  if (to === undefined)
    return [`${path}: imports ${target}, which is in no layer of aauth; ${ADD_TO_LAYERS}`];
  if (from.place === to.place || to.layer < from.layer || from.layer === 0) {
    return from.layer === 0 && to.layer > 0 ? [`${path}: imports ${to.place} from a higher layer`] : [];
  }
  return [
    `${path}: ${from.place} imports ${to.place}, which is ${to.layer === from.layer ? "beside" : "above"} it`,
  ];
}

function placeOf(path: string, source: string): { layer: number; place: string } | undefined {
  const inside = path.slice(source.length);
  for (const place of [inside, inside.split("/", 1)[0]!]) {
    const layer = AAUTH_LAYERS.findIndex((places) => places.includes(place));
    if (layer >= 0) return { layer, place };
  }
  return undefined;
}
