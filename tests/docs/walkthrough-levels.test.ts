/** docs/walkthrough/01 and 02 against real runs. */
import { execFileSync } from "node:child_process";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, expect, test } from "vitest";
import type { StackModes } from "../../scripts/demo/stack.ts";
import { signIn } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { fenced, fieldOf, inline, requestLines } from "../support/walkthrough-blocks.ts";
import { messageOf } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import { recordRun, withDemoPorts } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const SIGNED_FIELDS = [
  "content-type",
  "content-digest",
  "nonce",
  "signature-key",
  "signature-input",
  "signature",
];

let stack: TestStack | undefined;
afterAll(() => stack?.stop());

/** A stack for one page; the one before is stopped. */
async function stackFor(modes: Partial<StackModes>): Promise<TestStack> {
  await stack?.stop();
  stack = await startStack({ modes });
  return stack;
}

const PSEUDONYMOUS = { signatureScheme: "hwk", authorizationScheme: "signature-only" } as const;

describePage(
  "01-pseudonymous.md",
  async () => {
    const started = await stackFor(PSEUDONYMOUS);
    const run = await recordRun(started, async () => {
      expect((await (await signIn(started)).run()).status).toBe("completed");
    });
    const first = messageOf(run, { from: "supply-chain-backend" });
    const second = messageOf(run, { from: "supply-chain-agent" });
    const regions = {
      request: fenced("http", requestLines(first, SIGNED_FIELDS)),
      "second-key": fenced("http", fieldOf(second, "signature-key")),
      "signature-base": fenced("text", first.signer!.base!),
      recompute: fenced("", recompute(/x="([^"]+)"/.exec(fieldOf(first, "signature-key"))![1]!)),
    };
    return { run, regions, stack: started };
  },
  { modes: PSEUDONYMOUS },
);

test("page 01: its command makes the first caller's thumbprint out of its key", () => {
  const { text } = readWalkthroughPage("01-pseudonymous.md");
  const program = /^node -e '([^']+)'$/m.exec(text)![1]!;
  const thumbprint = execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }).trim();
  expect(text).toContain(`scheme=hwk thumbprint=${thumbprint}\n`);
});

const IDENTIFIED = { authorizationScheme: "signature-only" } as const;

describePage(
  "02-identified.md",
  async () => {
    const started = await stackFor(IDENTIFIED);
    const run = await recordRun(started, async () => {
      const user = await signIn(started);
      expect((await user.run({ custom_prompt: "" })).status).toBe("completed");
      expect((await user.run()).status).toBe("completed");
    });
    const { urls, ports } = started;
    const document = async (url: string) => withDemoPorts(inline(await (await fetch(url)).json()), ports);
    const regions = {
      request: fenced("http", fieldOf(messageOf(run, { from: "supply-chain-backend" }), "signature-key")),
      documents: fenced(
        "json",
        [
          await document(`${urls.backendAgent}/.well-known/aauth-agent`),
          await document(`${urls.backendAgent}/jwks.json`),
        ].join("\n"),
      ),
      "second-document": fenced("json", await document(`${urls.supplyChainAgent}/jwks.json`)),
    };
    return { run, regions, stack: started };
  },
  { modes: IDENTIFIED },
);

function recompute(x: string): string {
  const program = `console.log(require("crypto").createHash("sha256").update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x: "${x}" })).digest("base64url"))`;
  return `node -e '${program}'`;
}
