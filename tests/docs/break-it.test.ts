/** The table in docs/protocol-view.md says what tests/e2e/break-it.test.ts demands, under the names of the page's buttons. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { variantWording } from "../../ui/src/features/break-it/variant-wording.ts";

const read = (file: string) => readFileSync(REPOSITORY_ROOT + file, "utf8");

test("the table of tampered requests is what the test of the buttons demands", async () => {
  const shown = [
    ...read("docs/protocol-view.md").matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \| `(\w+)` \|$/gm),
  ].map(([, button, refusedBy, check, code]) => ({
    button,
    refusedBy,
    check: check!.replaceAll("`", ""),
    code,
  }));
  expect(shown).toEqual(demanded());
});

/** Read from the test's source: a file of tests cannot be imported without running them. */
function demanded() {
  const source = /const EXPECTED[^=]+= \{\n([\s\S]*?)\n\};/.exec(read("tests/e2e/break-it.test.ts"))![1]!;
  const rows = source.matchAll(/"?([\w-]+)"?: \["([^"]+)", "([^"]+)", "([^"]+)"\]/g);
  return [...rows].map(([, variant, refusedBy, check, code]) => ({
    button: variantWording[variant as keyof typeof variantWording].title,
    refusedBy: refusedBy!.replace(/-(agent|server)$/, " $1"),
    check,
    code,
  }));
}
