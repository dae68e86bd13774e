import { escapeKey, isShort } from "../escape-key.ts";

/** Same as `storedKey` of the other databases, without `node:crypto`. */
export async function storedKey(key: string): Promise<string> {
  const escaped = escapeKey(key);
  if (isShort(escaped)) return escaped;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(escaped));
  const binary = String.fromCharCode(...new Uint8Array(digest));
  return `"${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}
