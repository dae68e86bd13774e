import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSORS = [
  [".br", promisify(brotliCompress)],
  [".gz", promisify(gzip)],
] as const;

/**
 * Writes `FILE.br` and `FILE.gz` beside each file of a build that is smaller with them, so that a
 * server compresses nothing. Both at the highest level: Brotli's default, and 9 for gzip.
 */
export function compress(): Plugin {
  return {
    name: "compress",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      await Promise.all(
        Object.keys(bundle).map(async (name) => {
          const file = join(dir, name);
          const content = await readFile(file);
          for (const [extension, compressor] of COMPRESSORS) {
            const compressed = await compressor(content, extension === ".gz" ? { level: 9 } : {});
            if (compressed.length < content.length) await writeFile(`${file}${extension}`, compressed);
          }
        }),
      );
    },
  };
}
