import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, relative, sep } from "node:path";
import { limitCallers } from "../vite/page-limits.ts";
import type { UiSettings } from "../vite/read-settings.ts";
import { securityHeaders } from "../vite/security-headers.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Content codings by the ending of the file that the build made, the smaller one first. */
const CODINGS = { ".br": "br", ".gz": "gzip" } as const;

interface ServedFile {
  /** Content security policy of a page that names its own. Default: that of all. */
  readonly policy?: string | undefined;
  readonly body: Buffer | string;
  readonly type: string;
  readonly cache: string;
  /** Compressed bodies, by content coding. Default: uncompressed only. */
  readonly coded?: readonly (readonly [coding: string, body: Buffer])[];
}

/**
 * Serves the built page, with `/config.json` for the stack it runs in. The files are in memory: no
 * address names a file of the machine, and a browser that hangs up leaves none open. `Range` is
 * ignored.
 *
 * @param folder what `vite build` made
 * @throws Error when there is no page in it
 */
export function createPageServer(folder: string, browser: UiSettings["browser"]): Server {
  const config = { body: JSON.stringify(browser), type: "application/json", cache: "no-store" };
  const files = readFiles(folder).set("/config.json", config);
  const headers = Object.entries(securityHeaders(browser));
  const server = createServer((request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const file = files.get(request.url?.split("?", 1)[0] ?? "");
    if (file === undefined) {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Not found\n");
      return;
    }
    const { type, cache, coded = [] } = file;
    const accepted = coded.find(([coding]) => accepts(request.headers["accept-encoding"] ?? "", coding));
    const [coding, body] = accepted ?? [undefined, file.body];
    response.writeHead(200, {
      "content-type": type,
      ...(file.policy !== undefined && { "content-security-policy": file.policy }),
      "cache-control": cache,
      "content-length": Buffer.byteLength(body),
      ...(coded.length > 0 && { vary: "accept-encoding" }),
      ...(coding !== undefined && { "content-encoding": coding }),
    });
    response.end(body);
  });
  return limitCallers(server);
}

/**
 * Whether `Accept-Encoding` names a coding, and not with the weight 0 (RFC 9110, section 12.5.3).
 */
function accepts(header: string, coding: string): boolean {
  return header.split(",").some((member) => {
    const [name, weight = "q=1"] = member.split(";").map((part) => part.trim().toLowerCase());
    return name === coding && !/^q=0(?:\.0*)?$/.test(weight);
  });
}

/** Policy of a page that is one file. A page cannot name by itself where it may be framed. */
function policyIn(html: string): string | undefined {
  const own = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(html)?.[1];
  return own && `${own}; frame-ancestors 'none'`;
}

/**
 * The built page, 2.4 MB with what is compressed, by the path that browsers ask for; `/` is its
 * `index.html`. Where the name of a file carries a hash of its content, browsers may keep it
 * forever; everything else they ask for again.
 */
function readFiles(folder: string): Map<string, ServedFile> {
  const contents = new Map<string, Buffer>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    contents.set(`/${relative(folder, file).split(sep).join("/")}`, readFileSync(file));
  }
  const files = new Map<string, ServedFile>();
  for (const [path, body] of contents) {
    if (extname(path) in CODINGS) continue;
    files.set(path, {
      body,
      policy: path.endsWith(".html") ? policyIn(String(body)) : undefined,
      type: TYPES[extname(path)] ?? "application/octet-stream",
      cache: path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      coded: Object.entries(CODINGS).flatMap(([ending, coding]) => {
        const compressed = contents.get(`${path}${ending}`);
        return compressed === undefined ? [] : [[coding, compressed] as const];
      }),
    });
  }
  const index = files.get("/index.html");
  if (index === undefined) throw new Error(`there is no built page in ${folder}`);
  return files.set("/", index);
}
