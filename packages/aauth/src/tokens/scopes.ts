/** Space-separated scopes as a list. */
export const scopesOf = (scope: string | undefined): readonly string[] =>
  (scope ?? "").split(" ").filter((word) => word !== "");
