/** An origin without a path: cookies and signatures need https, except on loopback. */
export function isOrigin(text: string): boolean {
  const url = new URL(text);
  if (url.pathname !== "/") return false;
  return url.protocol === "https:" || isLoopbackName(url.hostname);
}

/** Whether a host name always resolves to this machine. */
export function isLoopbackName(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}

/**
 * Name of a cookie of one server: all ports of a host share their cookies, so that those of two
 * servers would replace each other.
 */
export function cookieName(name: string, origin: string | URL): string {
  const { protocol, port } = new URL(origin);
  return `${name}-${port || (protocol === "https:" ? "443" : "80")}`;
}
