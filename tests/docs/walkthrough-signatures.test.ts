/** docs/walkthrough/1-signatures.md against real runs. */
import { execFileSync } from "node:child_process";
import { installLocalhostLookup } from "agent-kit/service";
import { expect, test } from "vitest";
import { signIn } from "../support/optimization-run.ts";
import type { TestStack } from "../support/start-stack.ts";
import { fenced, fieldOf, inline, requestLines, tokenBlock } from "../support/walkthrough-blocks.ts";
import { checkList } from "../support/walkthrough-lists.ts";
import { messageOf, sentToken } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import { recordRun, withDemoPorts } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const PAGE = "1-signatures.md";
const BODY_FIELDS = ["content-type", "content-digest"];
const SIGNATURE_FIELDS = ["signature-key", "signature-input", "signature"];
const FROM_BACKEND = { from: "supply-chain-backend" } as const;

describePage(PAGE, {
  agent: {
    modes: { profile: "draft-11", mode: "agent-identity" },
    async record(stack) {
      let unsigned = "";
      const run = await recordRun(stack, async () => {
        await completedRun(stack);
        unsigned = await answerOf(await fetch(stack.urls.supplyChainAgent, { method: "POST" }));
      });
      const first = messageOf(run, { ...FROM_BACKEND, to: "supply-chain-agent" });
      const fields = ["aauth-capabilities", ...BODY_FIELDS, ...SIGNATURE_FIELDS];
      const regions = {
        request: fenced("http", requestLines(first, fields)),
        checks: checkList(first),
        token: tokenBlock(sentToken(run, { ...FROM_BACKEND, to: "supply-chain-agent" })),
        unsigned: fenced("http", unsigned),
      };
      return { run, regions };
    },
  },
  jwks: {
    modes: { authorizationScheme: "signature-only", signatureScheme: "jwks" },
    async record(stack) {
      const run = await recordRun(stack, () => completedRun(stack));
      const address = stack.urls.backendAgent;
      const documents = await Promise.all(
        ["/.well-known/aauth-agent", "/jwks.json"].map((path) => fetch(address + path)),
      );
      const bodies = await Promise.all(documents.map((reply) => reply.json()));
      const regions = {
        request: fenced("http", fieldOf(messageOf(run, FROM_BACKEND), "signature-key")),
        documents: fenced("json", withDemoPorts(bodies.map(inline).join("\n"), stack.ports)),
      };
      return { run, regions };
    },
  },
  hwk: {
    modes: { authorizationScheme: "signature-only", signatureScheme: "hwk" },
    async record(stack) {
      const run = await recordRun(stack, () => completedRun(stack));
      const first = messageOf(run, FROM_BACKEND);
      const regions = {
        request: fenced("http", requestLines(first, [...BODY_FIELDS, "nonce", ...SIGNATURE_FIELDS])),
        "signature-base": fenced("text", first.signer!.base!),
        recompute: fenced("", recompute(/x="([^"]+)"/.exec(fieldOf(first, "signature-key"))![1]!)),
      };
      return { run, regions };
    },
  },
});

test("the page's command computes the caller's thumbprint from its key", () => {
  const { text } = readWalkthroughPage(PAGE);
  const program = /^node -e '([^']+)'$/m.exec(text)![1]!;
  const thumbprint = execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }).trim();
  expect(text).toContain(`scheme=hwk thumbprint=${thumbprint}\n`);
});

async function completedRun(stack: TestStack): Promise<void> {
  expect((await (await signIn(stack)).run()).status).toBe("completed");
}

/** An answer as `curl -i` shows it, without header fields unrelated to AAuth. */
async function answerOf(reply: Response): Promise<string> {
  const fields = ["AAuth-Requirement", "Signature-Error", "Content-Type"].map(
    (name) => `${name}: ${reply.headers.get(name)}`,
  );
  return [`HTTP/1.1 ${reply.status} ${reply.statusText}`, ...fields, "", await reply.text()].join("\n");
}

function recompute(x: string): string {
  const program = `console.log(require("crypto").createHash("sha256").update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x: "${x}" })).digest("base64url"))`;
  return `node -e '${program}'`;
}
