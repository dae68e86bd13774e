import { join } from "node:path";
import type { IfStatement, Node, SourceFile, Statement } from "typescript/unstable/ast";
import {
  isBlock,
  isCallExpression,
  isExpressionStatement,
  isIdentifier,
  isIfStatement,
  isReturnStatement,
  isThrowStatement,
} from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";
import type { Edit } from "./mutation.ts";

/** An `if` that refuses: its branch ends with a `throw` or returns a refusal. */
export interface Check {
  /** Path from the root of the tree. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The first line of the code. */
  readonly text: string;
  /** The file with a condition that is never met; side effects of the condition remain. */
  readonly edit: Edit;
}

/** Words by which our functions, codes and members name a refusal, and the statuses of HTTP. */
const REFUSAL =
  /refus|den[iy]|reject|fail|problem|invalid|forbid|unauthori|malformed|unsupported|expired|not_?allowed|giveUp|too_?(?:many|often|large)|\b[45]\d\d\b/i;

/**
 * The checks of these files, in their order. A file outside the project has none.
 *
 * @param root a tree with a tsconfig.json
 * @throws Error if the project cannot be loaded
 */
export function findChecks(root: string, files: readonly string[]): readonly Check[] {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(root, "tsconfig.json")] }).getProjects();
    if (project === undefined) throw new Error(`${root} has no project`);
    return files.flatMap((file) => {
      const source = project.program.getSourceFile(join(root, file));
      return source === undefined ? [] : checksIn(file, source);
    });
  } finally {
    api.close();
  }
}

function checksIn(file: string, source: SourceFile): Check[] {
  const found: Check[] = [];
  const visit = (node: Node): void => {
    if (isIfStatement(node) && refuses(node.thenStatement, source)) found.push(checkOf(file, node, source));
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return found;
}

function checkOf(file: string, statement: IfStatement, source: SourceFile): Check {
  const { text } = source;
  const start = statement.getStart(source);
  const condition = statement.expression;
  const mutated = [
    text.slice(0, condition.getStart(source)),
    `(${condition.getText(source)}) && false`,
    text.slice(condition.end),
  ].join("");
  return {
    file,
    line: text.slice(0, start).split("\n").length,
    text: statement.getText(source).split("\n", 1)[0]!,
    edit: [file, text, mutated],
  };
}

/** Whether a branch ends with a refusal. Throwing a caught error again is not a refusal. */
function refuses(branch: Statement, source: SourceFile): boolean {
  const last = isBlock(branch) ? branch.statements.at(-1) : branch;
  if (last === undefined) return false;
  if (isThrowStatement(last)) return !isIdentifier(last.expression);
  if (isReturnStatement(last)) {
    const text = last.expression?.getText(source) ?? "";
    return text === "false" || REFUSAL.test(text);
  }
  if (!isExpressionStatement(last) || !isCallExpression(last.expression)) return false;
  return REFUSAL.test(last.expression.expression.getText(source));
}
