import { describe, expect, it } from "vitest";
import { parties, requestOf } from "./kit.ts";

describe("a decision point without the body", () => {
  const verifier = parties.createVerifier({ contentDigest: "covered" });

  it("accepts a request with a covered digest, and reports that it is not compared", async () => {
    const request = await requestOf({ body: "{}" });
    const { report } = await (await verifier.begin(request)).complete(undefined);
    expect(report.checks.find(({ name }) => name === "content-digest")).toMatchObject({ verdict: "skipped" });
  });

  it("still demands that the digest is covered", async () => {
    const { headers, ...request } = await requestOf({ method: "POST" });
    const withBody = {
      ...headers,
      "content-type": "text/plain",
      "content-length": "2",
      "content-digest": "sha-256=:x:",
    };
    await expect(verifier.begin({ ...request, headers: withBody })).rejects.toMatchObject({
      code: "insufficient_coverage",
    });
  });
});
