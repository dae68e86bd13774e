import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const documents = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));

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

/** A heading's anchor as the usual Markdown renderers make it. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
