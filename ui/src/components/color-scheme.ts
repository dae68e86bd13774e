const NAME = "color-scheme";
const SECONDS = 31_536_000;

/**
 * Stores the chosen colour scheme in a cookie, which the demo's pages on all ports of this host
 * receive.
 */
export function shareColorScheme(scheme: "light" | "dark"): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers
  document.cookie = `${NAME}=${scheme}; path=/; max-age=${SECONDS}; samesite=lax`;
}

/** Colour scheme chosen on another page of the demo. Undefined: the system's. */
export function sharedColorScheme(cookies: string): "light" | "dark" | undefined {
  const [, scheme] = /(?:^|; )color-scheme=(light|dark)(?:;|$)/.exec(cookies) ?? [];
  return scheme === "light" || scheme === "dark" ? scheme : undefined;
}
