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
