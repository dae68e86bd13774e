/**
 * oidc-provider. While its modules are evaluated it writes to the console that it prefers a long-term-support release of Node, and there is
 * no setting against that: this line is left out, and those of others are not.
 *
 * @module
 */

const { warn } = console;
console.warn = (...line: unknown[]) => {
  if (!line.join(" ").includes("oidc-provider")) warn(...line);
};

export const { Provider, errors, interactionPolicy } = await import("oidc-provider").finally(() => {
  console.warn = warn;
});
