/**
 * The library oidc-provider. While it loads, it warns on the console that it prefers a
 * long-term-support release of Node. No setting disables the warning, so only this line is dropped.
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
