import {
  Composer,
  type CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  Parser,
  visit,
  type YAMLMap,
} from "yaml";
import type { ConfigurationProblem } from "./problem.ts";

/** Two hundred times as many as the repository's files have. With all that 1 MiB can hold the library takes seconds. */
const MAX_TOKENS = 170_000;
const MAX_DEPTH = 100;
/** Together; each alias is looked for among all of them. */
const MAX_ANCHORS_AND_ALIASES = 1000;

/** A YAML document as plain data, and the way back from a JSON path to a line. */
export interface ParsedYaml {
  readonly data: unknown;
  /** Line of the value at `path`, or of its nearest ancestor in the text. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
  /** Line of the key `key` of the map at `path`. */
  lineOfKey(path: readonly PropertyKey[], key: string): number | undefined;
}

/** Reads YAML 1.2 with exactly one document and no duplicate keys, in a time that its length bounds. */
export function parseYaml(text: string): { yaml?: ParsedYaml; problems: ConfigurationProblem[] } {
  const lines = new LineCounter();
  const lineAt = (offset: number | undefined) =>
    offset === undefined ? undefined : lines.linePos(offset).line;
  const problemAt = (offset: number | undefined, message: string): ConfigurationProblem => {
    const line = lineAt(offset);
    return { path: "", ...(line !== undefined && { line }), message };
  };

  let document: Document.Parsed | undefined;
  const { stackTraceLimit } = Error;
  try {
    // The library makes an Error of each fault, and goes on; nobody looks at their stacks.
    Error.stackTraceLimit = 0;
    const composer = new Composer({ uniqueKeys: false, prettyErrors: false, version: "1.2" });
    for (const next of composer.compose(boundedTokens(text, lines))) {
      if (document !== undefined) {
        return { problems: [problemAt(next.range[0], "the file holds more than one YAML document")] };
      }
      document = next;
    }
  } catch (error) {
    if (error instanceof TooMuchYaml) return { problems: [problemAt(error.offset, error.message)] };
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  if (document === undefined) return { problems: [{ path: "", message: "the file is empty" }] };
  if (document.directives.yaml.version !== "1.2") {
    return {
      problems: [problemAt(0, "expected YAML 1.2: in another version the same text means something else")],
    };
  }
  // A warning is about a tag that nobody resolves.
  const faults = [...document.errors, ...document.warnings, ...doubledKeys(document)];
  if (faults.length > 0) {
    return {
      problems: faults.map(({ pos, message }) =>
        problemAt(pos[0], `not valid YAML: ${message.split("\n")[0]}`),
      ),
    };
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // An alias of nothing, or of too much.
    return { problems: [{ path: "", message: `not valid YAML: ${(error as Error).message}` }] };
  }

  const { contents } = document;
  const pairOf = pairFinder();
  const nodeAt = (path: readonly PropertyKey[]): unknown => {
    let node: unknown = contents;
    for (const step of path) {
      if (isSeq(node)) node = node.items[Number(step)];
      else node = isMap(node) ? pairOf(node, String(step))?.value : undefined;
    }
    return node;
  };
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const last = path[length - 1];
      if (length > 0 && typeof last === "string") {
        const line = lineOfKey(path.slice(0, length - 1), last);
        if (line !== undefined) return line;
      }
      const node = nodeAt(path.slice(0, length));
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return undefined;
  };
  const lineOfKey = (path: readonly PropertyKey[], key: string): number | undefined => {
    const node = nodeAt(path);
    const pair = isMap(node) ? pairOf(node, key) : undefined;
    return isNode(pair?.key) ? lineAt(pair.key.range?.[0]) : undefined;
  };
  return { yaml: { data, lineOf, lineOfKey }, problems: [] };
}

class TooMuchYaml extends Error {
  override readonly name = "TooMuchYaml";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

function* boundedTokens(text: string, lines: LineCounter): Generator<CST.Token, void> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let tokens = 0;
  let anchorsAndAliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > MAX_TOKENS) throw new TooMuchYaml(`more than ${MAX_TOKENS} YAML tokens`, parser.offset);
    if (lexeme.startsWith("&") || lexeme.startsWith("*")) anchorsAndAliases += 1;
    if (anchorsAndAliases > MAX_ANCHORS_AND_ALIASES) {
      throw new TooMuchYaml(`more than ${MAX_ANCHORS_AND_ALIASES} anchors and aliases`, parser.offset);
    }
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) {
      throw new TooMuchYaml(`more than ${MAX_DEPTH} levels`, parser.offset);
    }
  }
  yield* parser.end();
}

/** Keys that are one as texts, as which they are looked up, and those that are no text. The library compares each key with all those before it. */
function doubledKeys(document: Document.Parsed): { pos: [number]; message: string }[] {
  const faults: { pos: [number]; message: string }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const pos: [number] = [(isNode(key) ? key.range?.[0] : undefined) ?? map.range?.[0] ?? 0];
        if (!isScalar(key)) {
          faults.push({ pos, message: "Map keys must be texts" });
          continue;
        }
        const name = String(key.value);
        if (seen.has(name)) faults.push({ pos, message: `Map keys must be unique: ${name}` });
        seen.add(name);
      }
    },
  });
  return faults;
}

/** Finds pairs by their key, each map being looked through once. */
function pairFinder(): (map: YAMLMap, key: string) => Pair | undefined {
  const pairsByMap = new WeakMap<YAMLMap, Map<string, Pair>>();
  return (map, key) => {
    let pairs = pairsByMap.get(map);
    if (pairs === undefined) {
      pairs = new Map(
        map.items.map((pair) => [String(isScalar(pair.key) ? pair.key.value : pair.key), pair]),
      );
      pairsByMap.set(map, pairs);
    }
    return pairs.get(key);
  };
}
