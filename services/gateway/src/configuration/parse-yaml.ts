import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { ConfigurationError, type ConfigurationProblem } from "./problem.ts";

/** A YAML document as plain data, with a mapping from JSON paths to lines. */
export interface ParsedYaml {
  readonly data: unknown;
  /** Line of the key or item at `path`, or of its nearest ancestor in the text. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Reads YAML 1.2 with exactly one document and no duplicate keys. @throws ConfigurationError */
export function parseYaml(text: string, source: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: "1.2" });
  // Warnings report unresolved tags.
  const problems: ConfigurationProblem[] = [...document.errors, ...document.warnings].map(
    ({ pos, message }) => ({
      path: "",
      line: lines.linePos(pos[0]).line,
      message: `not valid YAML: ${message.split("\n")[0]}`,
    }),
  );
  let data: unknown;
  try {
    if (problems.length === 0) data = document.toJS();
  } catch (error) {
    problems.push({ path: "", message: `not valid YAML: ${(error as Error).message}` });
  }
  if (problems.length > 0) throw new ConfigurationError(source, problems);

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
  return { data, lineOf };
}
