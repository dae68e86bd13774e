import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { REPOSITORY_ROOT as root } from "../../scripts/demo/stack.ts";
import { listedFiles } from "../../scripts/listed-files.ts";

const documents = listedFiles(root).filter((path) => path.endsWith(".md"));

describe("every link between documents leads somewhere", () => {
  test.each(documents)("%s", (path) => {
    const text = readFileSync(join(root, path), "utf8").replaceAll(/```[\s\S]*?```/g, "");
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
    const broken = targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !leadsSomewhere(path, target));
    expect(broken).toEqual([]);
  });
});

function leadsSomewhere(from: string, target: string): boolean {
  const [file, anchor] = target.split("#") as [string, string?];
  const path = file === "" ? join(root, from) : resolve(root, dirname(from), file);
  if (!existsSync(path)) return false;
  if (anchor === undefined || !path.endsWith(".md")) return true;
  const headings = [...readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm)].map((match) =>
    slug(match[1] as string),
  );
  return headings.includes(anchor);
}

/** A heading's anchor as common Markdown renderers make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
