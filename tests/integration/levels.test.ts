/** The catalogue of draft -11 by level, for the page and `npm run demo -- levels`. */
import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "../support/child.ts";
import { signIn } from "../support/optimization-run.ts";
import { OrderingUser } from "../support/order-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
afterEach(() => stack?.stop());

const ALLOWED = "GET /catalogue/person-token jwt 200";

test.each([
  [
    "agent-identity",
    ["not in this mode: /catalogue/person-token", "not in this mode: /catalogue/auth-token"],
  ],
  ["person-identity", [ALLOWED, "99 more answered, then 429", "not in this mode: /catalogue/auth-token"]],
  ["federated", [ALLOWED, "GET /catalogue/auth-token jwt 200", "20 more answered"]],
] as const)("the page gets it, and the command shows the limits of each level: %s", async (mode, shown) => {
  stack = await startStack({ modes: { profile: "draft-11", mode } });
  const { urls, ports } = stack;
  const page = await (await signIn(stack)).get("/catalogue");
  expect(await page.json()).toMatchObject({ level: "agent-token", laptops: expect.any(Array) });

  const levels = startChild(
    process.execPath,
    [
      "scripts/levels.ts",
      "--profile",
      "draft-11",
      "--resource",
      urls.supplyChainAgent,
      "--person-server",
      urls.personServer,
      "--visitor-port",
      String(ports.visitor),
      "--authorized",
      "20",
    ],
    { cwd: REPOSITORY_ROOT, env: { PATH: process.env.PATH } },
  );
  if (mode !== "agent-identity") {
    const [, address] = await levels.prints(/^Open (\S+), sign in, and press Allow\.$/m);
    await new OrderingUser().allowAgent(address!);
  }
  expect((await levels.ended).status, levels.text()).toBe(0);
  for (const text of ["9 more answered, then 429, Retry-After: ", ...shown])
    expect(levels.stdout()).toContain(text);
});
