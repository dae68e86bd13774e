import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** One file of the built page, as it is answered. */
export interface PageFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<"content-type" | "cache-control" | "etag", string>>;
}

/**
 * Reads the built page whole, 1.1 MB, by the path that browsers ask for; `/` is its `index.html`. Where the name of a file carries a hash of
 * its content, browsers may keep it forever; everything else they ask for again.
 *
 * @param folder what `vite build` made
 * @throws Error when the folder cannot be read, or has no `index.html`
 */
export function readPageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split(sep).join("/")}`;
    const body = readFileSync(file);
    files.set(path, {
      body,
      headers: {
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
        etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
      },
    });
  }
  const index = files.get("/index.html");
  if (index === undefined) throw new Error(`there is no built page in ${folder}`);
  return files.set("/", index);
}
