/**
 * The library oidc-provider. While its modules are evaluated it warns on the console that it
 * prefers a long-term-support release of Node, and no setting disables that: this line is dropped,
 * and no other.
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
