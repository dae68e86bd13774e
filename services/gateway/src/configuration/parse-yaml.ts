import { isMap, isNode, isScalar, LineCounter, parseAllDocuments } from "yaml";
import type { ConfigurationProblem } from "./problem.ts";

/** A YAML document as plain data, and the way back from a JSON path to a line. */
export interface ParsedYaml {
  readonly data: unknown;
  /** Line of the value at `path`, or of its nearest ancestor in the text. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
  /** Line of the key `key` of the map at `path`. */
  lineOfKey(path: readonly PropertyKey[], key: string): number | undefined;
}

/** Reads YAML 1.2 with exactly one document and no duplicate keys. */
export function parseYaml(text: string): { yaml?: ParsedYaml; problems: ConfigurationProblem[] } {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, version: "1.2" });
  const document = documents[0];
  if (!Array.isArray(documents) || document === undefined) {
    return { problems: [{ path: "", message: "the file is empty" }] };
  }
  if (documents.length > 1) {
    const line = lines.linePos(documents[1]!.range[0]).line;
    return { problems: [{ path: "", line, message: "the file holds more than one YAML document" }] };
  }
  // A warning is about a tag that nobody resolves.
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      problems: faults.map((fault) => ({
        path: "",
        ...(fault.linePos && { line: fault.linePos[0].line }),
        message: `not valid YAML: ${fault.message.split("\n")[0]?.replace(/ at line \d+.*$/, "")}`,
      })),
    };
  }
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    // An alias of nothing, or of too much.
    return { problems: [{ path: "", message: `not valid YAML: ${(error as Error).message}` }] };
  }
  const lineAt = (offset: number | undefined) =>
    offset === undefined ? undefined : lines.linePos(offset).line;
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const last = path[length - 1];
      if (length > 0 && typeof last === "string") {
        const line = lineOfKey(path.slice(0, length - 1), last);
        if (line !== undefined) return line;
      }
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return undefined;
  };
  const lineOfKey = (path: readonly PropertyKey[], key: string): number | undefined => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    if (!isMap(node)) return undefined;
    const pair = node.items.find((item) => (isScalar(item.key) ? item.key.value : item.key) === key);
    return isNode(pair?.key) ? lineAt(pair.key.range?.[0]) : undefined;
  };
  return { yaml: { data, lineOf, lineOfKey }, problems: [] };
}
