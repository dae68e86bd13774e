const NAME = "color-scheme";
const SECONDS = 31_536_000;

/**
 * Keeps the colours that the user has chosen for the demo's pages on other ports of this host:
 * cookies know no ports.
 */
export function shareColorScheme(scheme: "light" | "dark"): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers
  document.cookie = `${NAME}=${scheme}; path=/; max-age=${SECONDS}; samesite=lax`;
}

/** The colours chosen in another page of the demo. Undefined: those of the system. */
export function sharedColorScheme(cookies: string): "light" | "dark" | undefined {
  const [, scheme] = /(?:^|; )color-scheme=(light|dark)(?:;|$)/.exec(cookies) ?? [];
  return scheme === "light" || scheme === "dark" ? scheme : undefined;
}
