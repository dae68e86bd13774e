/**
 * Rules on the wording of comments and of test titles, and the wrapping of comments.
 *
 * @module
 */

/** Columns that a comment may take, its indentation included. */
export const COMMENT_COLUMNS = 100;
/** Words of a test's title, those of the groups around it included. */
export const TITLE_WORDS = 3;

/** A comment that is alone on its lines. */
interface Comment {
  /** Index of its first line. */
  readonly first: number;
  /** Its lines, unchanged. */
  readonly lines: readonly string[];
}

/** Comments for tools, and marks, which stay on one line. */
const FOR_TOOLS = /^(?:biome-ignore|@ts-|hole [A-Z]\d|#)/;
/** Lines that begin a paragraph: a tag, an item, an element, or a verbatim line. */
const PARAGRAPH = /^(?:@\w|\s*(?:[-*]|\d+\.) |<\/?(?:p|ul|ol|li|pre)>|\||```)/;
/** Lines that are never wrapped: tables and fences. */
const VERBATIM = /^(?:\||```)/;
/** Place between a sentence and the tag that follows it on its line. */
const TAG_AFTER_SENTENCE = /(?<=[.)\w]) (?=@(?:throws|param|returns?)\b)/;
/** A rule that divides a file, with its heading. */
const DIVIDER = /^-{20,}(?= )/;
/** Text without a line break. */
const ATOM = /(?:`[^`]*`|\{@[^}]*\}|[^\s`{]|\{(?!@)|`)+/g;

/** The next comment, string, regular expression, sign that matters here, or rest of code. */
const CODE =
  /\/\/[^\n]*|\/\*.*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|(?<=(?:[(,=:[!&|?{;>]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/|[^/"'`{}]+|./sy;
/** The text of a template up to its end or its next expression. */
const TEMPLATE_TEXT = /(?:\\.?|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/sy;

/** Indexes of the lines that begin inside the text of a template. */
function linesInTemplates(source: string): ReadonlySet<number> {
  const found = new Set<number>();
  /** Open braces of the file, and of each expression that is open in a template. */
  const braces = [0];
  let isText = false;
  let line = 0;
  for (let at = 0; at < source.length; ) {
    const pattern = isText ? TEMPLATE_TEXT : CODE;
    pattern.lastIndex = at;
    const [piece] = pattern.exec(source)!;
    at += piece.length;
    for (const _ of piece.matchAll(/\n/g)) {
      line += 1;
      if (isText) found.add(line);
    }
    const depth = braces.length - 1;
    if (isText) {
      if (piece.endsWith("${")) braces.push(0);
      isText = false;
    } else if (piece === "`") isText = true;
    else if (piece === "{") braces[depth]! += 1;
    else if (piece === "}" && braces[depth]! > 0) braces[depth]! -= 1;
    else if (piece === "}" && depth > 0) {
      braces.pop();
      isText = true;
    }
  }
  return found;
}

/** Comments that are alone on their lines, in the syntax of TypeScript, CSS and Java. */
function commentsIn(source: string): Comment[] {
  const lines = source.split("\n");
  const inTemplates = linesInTemplates(source);
  const found: Comment[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    if (inTemplates.has(index)) continue;
    const first = index;
    const start = lines[index]!.trim();
    if (start.startsWith("//")) {
      const indent = indentOf(lines[index]!);
      while (lines[index + 1]?.trim().startsWith("//") && indentOf(lines[index + 1]!) === indent) index += 1;
    } else if (/^\{?\/\*/.test(start)) {
      while (index < lines.length - 1 && !lines[index]!.includes("*/")) index += 1;
    } else continue;
    found.push({ first, lines: lines.slice(first, index + 1) });
  }
  return found;
}

const indentOf = (line: string): string => /^\s*/.exec(line)![0];
/** A comment's line without what marks it as one. */
const textOf = (line: string): string =>
  line
    .replace(/^\s*(?:\/\/|\{?\/\*\*?(?!\/)|\*(?!\/))? ?/, "")
    .replace(/\s*\*\/\}?$/, "")
    .trimEnd();

/** Lines that break the limit and can be broken. Examples are code, and as wide as code. */
function tooLong(lines: readonly string[]): number[] {
  let isCode = false;
  return lines.flatMap((line, index) => {
    const text = textOf(line);
    if (/^@\w/.test(text)) isCode = text.startsWith("@example");
    const isFixed = isCode || VERBATIM.test(text) || FOR_TOOLS.test(text) || text.match(ATOM)?.length === 1;
    return line.length > COMMENT_COLUMNS && !isFixed ? [index] : [];
  });
}

/** Problems of the comments in a file, one a line, each with its place. */
export function commentProblems(path: string, source: string): string[] {
  return commentsIn(source).flatMap(({ first, lines }) => {
    const problems = tooLong(lines).map(
      (index) => `${path}:${first + index + 1}: comment of ${lines[index]!.length} columns`,
    );
    const beginning = lines.map(textOf).find((text) => text !== "") ?? "";
    const [opener] = /^(?:Of|That of|Those of)\b/.exec(beginning) ?? [];
    if (opener !== undefined) problems.push(`${path}:${first + 1}: comment that begins with "${opener}"`);
    return problems;
  });
}

/** The source with its long comments wrapped. */
export function wrapComments(source: string): string {
  const lines = source.split("\n");
  for (const comment of commentsIn(source).reverse()) {
    if (tooLong(comment.lines).length === 0 || comment.lines[0]!.trim().startsWith("{")) continue;
    lines.splice(comment.first, comment.lines.length, ...wrapped(comment.lines));
  }
  return lines.join("\n");
}

function wrapped(lines: readonly string[]): string[] {
  const indent = indentOf(lines[0]!);
  const start = lines[0]!.trim();
  if (start.startsWith("//")) return overflow(lines.map(textOf), `${indent}// `);
  const opener = start.startsWith("/**") ? "/**" : "/*";
  const texts =
    lines.length > 1
      ? lines.map(textOf)
      : textOf(lines[0]!).split(TAG_AFTER_SENTENCE).join("\n\n").split("\n");
  if (texts[0] === "") texts.shift();
  if (texts.at(-1) === "") texts.pop();
  return [`${indent}${opener}`, ...overflow(texts, `${indent} * `), `${indent} */`];
}

/** Moves what is beyond the last column to the next line of the paragraph, or to a new one. */
function overflow(texts: readonly string[], prefix: string): string[] {
  const room = COMMENT_COLUMNS - prefix.length;
  const result: string[] = [];
  let rest = "";
  let hanging = "";
  let isCode = false;
  const flush = () => {
    while (rest !== "") rest = push(rest);
  };
  /** Writes a line, and returns what it has no room for. */
  const push = (text: string): string => {
    if (text.length <= room || isCode || VERBATIM.test(text) || FOR_TOOLS.test(text)) {
      result.push(text);
      return "";
    }
    let end = 0;
    for (const atom of text.matchAll(ATOM)) {
      const next = atom.index + atom[0].length;
      if (end > 0 && next > room) break;
      end = next;
    }
    result.push(text.slice(0, end));
    const left = text.slice(end).trim();
    return left === "" ? "" : `${hanging}${left}`;
  };
  for (const given of texts) {
    const text = given.replace(DIVIDER, (rule) => rule.slice(Math.max(0, given.length - room)));
    if (text === "" || PARAGRAPH.test(text) || FOR_TOOLS.test(text)) flush();
    if (/^@\w/.test(text)) isCode = text.startsWith("@example");
    const isContinued = rest !== "";
    if (!isContinued || /^ {2}/.test(text))
      hanging = " ".repeat(/^ *(?:[-*]|\d+\.) /.exec(text)?.[0].length ?? indentOf(text).length);
    rest = push(isContinued ? `${hanging}${rest.trim()} ${text.trim()}` : text);
  }
  flush();
  return result.map((text) => `${prefix}${text}`.trimEnd());
}

const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\\n])*`/.source;
const CALL = new RegExp(
  String.raw`^([ \t]*)(?:(describe|test|it)\b[^\n]*?\(|[\])][^\n]*\)\()(?:\n\s*)?((?:${STRING})(?:\s*\+\s*(?:${STRING}|[\w.]+))*),`,
  "gm",
);

/** Text of an expression that joins strings; a name in it is one word. */
const textOfTitle = (expression: string): string =>
  expression
    .match(new RegExp(`${STRING}|[\\w.]+`, "g"))!
    .map((part) => (/^\w/.test(part) ? part : part.slice(1, -1)))
    .join("");

/** Problems of the titles of the tests in a file, which is formatted. */
export function titleProblems(path: string, source: string): string[] {
  const problems: string[] = [];
  const groups: { readonly indent: number; readonly title: string }[] = [];
  for (const call of source.matchAll(CALL)) {
    const [, space = "", name, expression = ""] = call;
    const title = textOfTitle(expression);
    while (groups.length > 0 && groups.at(-1)!.indent >= space.length) groups.pop();
    if (name === "describe") groups.push({ indent: space.length, title });
    // The rows of a table may hold whole titles.
    else if (!/^(?:%s|\$\w+)$/.test(title)) {
      const joined = [...groups.map((group) => group.title), title].join(" ");
      if (joined.trim().split(/\s+/).length >= TITLE_WORDS) continue;
      const line = source.slice(0, call.index).split("\n").length;
      problems.push(`${path}:${line}: test title of fewer than ${TITLE_WORDS} words: "${joined}"`);
    }
  }
  return problems;
}
