/**
 * One test for each hole of the Python library that belongs to signing (the February-2026 references), attacked on requests
 * whose signature is right. P6 and P9 are about parsing as well: see `headers/`.
 */

import { describe, test } from "vitest";
import { formatContentDigest } from "../../src/http-signatures/content-digest.ts";
import { createMemoryReplayStore } from "../../src/http-signatures/replay.ts";
import { expectRefusal } from "../refusal.ts";
import { NOW, prove } from "./prove.ts";
import { SIGNATURE_KEY, signByHand } from "./sign-by-hand.ts";

const minimum = ["@method", "@authority", "@path", "signature-key"];
const get = { method: "GET", authority: "resource.example", target: "/api/data" };
const body = new TextEncoder().encode('{"hello": "world"}');
const post = {
  ...get,
  method: "POST",
  body,
  headers: {
    "content-type": "application/json",
    "content-length": String(body.length),
    "content-digest": await formatContentDigest(body),
    nonce: "Y3VyaW91c2x5Y3VyaW91cw",
  },
};
const postComponents = [...minimum, "content-type", "content-digest", "nonce"];

describe("P1: no created", () => {
  test.each(["", `;expires=${NOW + 60}`, `;created="${NOW}"`])("refuses %j", async (parameters) => {
    await expectRefusal("created_missing", () => prove(signByHand(get, { parameters })));
  });
});

describe("P2: next to nothing covered", () => {
  test.each([[[]], [["signature-key"]], [["@method"]], [["@method", "@path", "signature-key"]]])(
    "refuses %j",
    async (components) => {
      await expectRefusal("insufficient_coverage", () => prove(signByHand(get, { components })));
    },
  );

  test.each([
    ["method", { method: "DELETE" }],
    ["host", { authority: "other.example" }],
    ["path", { target: "/api/admin" }],
  ])("refuses a replay to another %s", async (_, change) => {
    const captured = signByHand(get, { components: ["signature-key"] });
    await expectRefusal("insufficient_coverage", () => prove({ ...captured, ...change }));
  });
});

describe("P3: query or body not covered", () => {
  test.each(["/api/data?amount=1", "/api/data?"])("refuses %s without @query", async (target) => {
    await expectRefusal("insufficient_coverage", () =>
      prove(signByHand({ ...get, target }, { components: minimum })),
    );
  });

  test("refuses a query added to a signed request", async () => {
    await expectRefusal("insufficient_coverage", () =>
      prove({ ...signByHand(get), target: "/api/data?amount=1" }),
    );
  });

  test("refuses a query taken from a signed request", async () => {
    const components = [...minimum, "@query"];
    const signed = signByHand({ ...get, target: "/api/data?amount=1" }, { components });
    await expectRefusal("missing_component", () => prove({ ...signed, target: "/api/data" }));
  });

  test.each(["content-type", "content-digest", "nonce"])(
    "refuses a post that does not cover %s",
    async (name) => {
      const components = postComponents.filter((component) => component !== name);
      await expectRefusal("insufficient_coverage", () => prove(signByHand(post, { components })));
    },
  );

  test("refuses a body that no header announced", async () => {
    await expectRefusal("digest_missing", () => prove({ ...signByHand(get), body }));
  });
});

describe("P4: body swapped, digest kept", () => {
  const signed = signByHand(post, { components: postComponents });

  test("the honest one passes", async () => {
    await prove(signed);
  });

  test("refuses the swapped body", async () => {
    const swapped = new TextEncoder().encode('{"hello": "w0rld"}');
    await expectRefusal("digest_mismatch", () => prove({ ...signed, body: swapped }));
  });

  test("refuses the removed body", async () => {
    const { body: _, ...removed } = signed;
    await expectRefusal("digest_mismatch", () => prove(removed));
  });

  test("refuses a digest made for the swapped body: it is signed", async () => {
    const swapped = new TextEncoder().encode('{"hello": "w0rld"}');
    const headers = { ...signed.headers, "content-digest": await formatContentDigest(swapped) };
    await expectRefusal("invalid_signature", () => prove({ ...signed, headers, body: swapped }));
  });
});

describe("P5: a label other than sig1", () => {
  test.each(["sig", "my-sig", "*", "a.b_c-1"])("verifies %s", async (label) => {
    await prove(signByHand(get, { label }));
  });
});

describe("P6: two members, duplicates", () => {
  test("refuses a second Signature-Key member although the signature covers it", async () => {
    const signatureKey = `sig1=${SIGNATURE_KEY}, sig2=(scheme=jwt jwt="a.b.c")`;
    await expectRefusal("malformed_signature_key", () => prove(signByHand(get, { signatureKey })));
  });

  test("refuses a duplicate Signature-Key parameter although the signature covers it", async () => {
    const signatureKey = `sig1=${SIGNATURE_KEY.replace(" x=", ' x="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" x=')}`;
    await expectRefusal("malformed_signature_key", () => prove(signByHand(get, { signatureKey })));
  });

  test("refuses a second signature beside a good one", async () => {
    const signed = signByHand(get);
    const signature = `${signed.headers.signature}, evil=:${"A".repeat(86)}:`;
    await expectRefusal("malformed_signature", () =>
      prove({ ...signed, headers: { ...signed.headers, signature } }),
    );
  });
});

describe("P8: expires in the past", () => {
  test.each([NOW - 1, NOW])("refuses expires=%s", async (expires) => {
    const signed = signByHand(get, { parameters: `;created=${NOW - 30};expires=${expires}` });
    await expectRefusal("signature_expired", () => prove(signed));
  });
});

describe("P10: the same request twice", () => {
  const signed = signByHand(post, { components: postComponents });

  test("refuses the second", async () => {
    const replayStore = createMemoryReplayStore({ now: () => NOW });
    await prove(signed, { replayStore });
    await expectRefusal("nonce_replayed", () => prove(signed, { replayStore }));
  });

  test("a bad signature does not spend another's nonce", async () => {
    const replayStore = createMemoryReplayStore({ now: () => NOW });
    const forged = { ...signed, target: "/api/other" };
    await expectRefusal("invalid_signature", () => prove(forged, { replayStore }));
    await prove(signed, { replayStore });
  });

  test("refuses a post without nonce where policy demands one", async () => {
    const { nonce: _, ...headers } = post.headers;
    const plain = signByHand(
      { ...post, headers },
      { components: postComponents.filter((name) => name !== "nonce") },
    );
    await prove(plain);
    await expectRefusal("nonce_required", () => prove(plain, { requireNonce: true }));
  });
});
