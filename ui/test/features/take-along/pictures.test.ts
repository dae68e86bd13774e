import type { Message, ProtocolRun } from "aauth-explain/run";
import { expect, test } from "vitest";
import { pictureOfAttacks, pictureOfRun } from "../../../src/features/take-along/pictures.ts";

/** Elements that close, in a document whose text and attributes are escaped. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  const bare = svg.replace(/<!--(?:(?!--).)*-->/gs, "").replace(/<style>[^<]*<\/style>/, "");
  for (const [tag, name = ""] of bare.matchAll(/<\/?([a-z]+)(?: [a-z-A-Z:]+="[^"<]*")*\/?>/g)) {
    if (tag.startsWith("</")) expect(open.pop()).toBe(name);
    else if (!tag.endsWith("/>")) open.push(name);
  }
  expect(open).toEqual([]);
  expect(bare.replace(/<\/?([a-z]+)(?: [a-z-A-Z:]+="[^"<]*")*\/?>/g, "")).not.toMatch(/[<>]/);
}

const HOSTILE = '<script>alert(1)</script>" onload="x --> ]]>&amp;';

test("a picture of a run has a row for each message, and escapes the words of others", () => {
  const parties = ["browser", "backend", HOSTILE].map((id) => ({ id, name: id }));
  const message = {
    number: 1,
    from: "browser",
    to: "backend",
    what: HOSTILE,
    outcome: "accepted",
    status: 200,
  };
  const messages = [message, { ...message, number: 2, outcome: "failed", to: HOSTILE, status: undefined }];
  const svg = pictureOfRun({ parties, messages: messages as Message[] } as unknown as ProtocolRun, HOSTILE);
  expectWellFormed(svg);
  expect(svg.match(/class="row /g)).toHaveLength(2);
  expect(svg).toContain("no answer: failed");
});

test("a picture of attacks says what each got on both routes, and names a hole", () => {
  const svg = pictureOfAttacks(
    [
      {
        title: "Steal the token and use it",
        refusal: "the token belongs to another key; refused by the gateway",
        bearer: { outcome: "the thief has the report" },
      },
      { title: HOSTILE },
    ],
    "From a test.",
  );
  expectWellFormed(svg);
  expect(svg).toContain('data-tone="bad" x="340"');
  expect(svg).toContain("not refused: this is a hole");
});
