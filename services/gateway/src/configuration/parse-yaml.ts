import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { ConfigurationProblem } from "./problem.ts";

/** A YAML document as plain data, and the way back from a JSON path to a line. */
export interface ParsedYaml {
  readonly data: unknown;
  /** Line of the key or item at `path`, or of its nearest ancestor in the text. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Reads YAML 1.2 with exactly one document and no duplicate keys. */
export function parseYaml(text: string): { yaml?: ParsedYaml; problems: ConfigurationProblem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  // A warning is about a tag that nothing resolves.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.map(({ pos, message }) => ({
      path: "",
      line: lines.linePos(pos[0]).line,
      message: `not valid YAML: ${message.split("\n")[0]}`,
    }));
    return { problems };
  }
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    return { problems: [{ path: "", message: `not valid YAML: ${(error as Error).message}` }] };
  }
  if (data === null || data === undefined) return { problems: [{ path: "", message: "the file is empty" }] };

  const nodeAt = (path: readonly PropertyKey[]): unknown => {
    const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
    const last = path.at(-1);
    if (!isMap(parent)) return path.length > 0 ? document.getIn(path, true) : parent;
    return parent.items.find(({ key }) => (isScalar(key) ? key.value : key) === last)?.key;
  };
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    const node = nodeAt(path);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    return path.length === 0 ? undefined : lineOf(path.slice(0, -1));
  };
  return { yaml: { data, lineOf }, problems: [] };
}
