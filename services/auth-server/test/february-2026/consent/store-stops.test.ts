/** The store stops while a user decides: the request can be decided once the store is back. */
import { createMemoryStores } from "aauth";
import { expect, test } from "vitest";
import { stoppableStores } from "../../../../../tests/support/stoppable-stores.ts";
import { AUTH_URL, browserFor, decide, startConsent } from "../../support/consent.ts";
import { ASK_FOR_OPTIMIZE, CALLBACK, createParties } from "../../support/parties.ts";
import { signIn } from "../../support/sign-in.ts";

test.each(["accept", "cancel"] as const)(
  "V59: a user presses %s again, whichever operation has failed, and is obeyed once, also after consent in another tab",
  async (button) => {
    const stores = stoppableStores(createMemoryStores());
    const parties = await createParties({ attributes: ASK_FOR_OPTIMIZE, stores });
    const browser = browserFor(parties);
    await signIn(browser, (await startConsent(parties)).url);
    const statuses: number[] = [];
    for (let operations = 0; statuses.at(-1) !== 303; operations += 1) {
      // A scope that is not remembered yet, so that the page is shown.
      const scope = `supply-chain:optimize scope-${operations}`;
      const { url } = await startConsent(parties, { query: { state: "s" }, scope });
      const page = await (await browser.get(url)).text();
      const other = await startConsent(parties, { scope });
      await decide(browser, await (await browser.get(other.url)).text(), "accept");
      stores.stopAfter(operations);
      const first = await decide(browser, page, button);
      stores.start();
      statuses.push(first.status);
      let answer = first;
      if (first.status === 503) {
        const [, link = ""] = /<a href="([^"]+)">Try again<\/a>/.exec(await first.text()) ?? [];
        const again = await browser.get(new URL(link.replaceAll("&#38;", "&"), AUTH_URL).href);
        expect(again.status).toBe(200);
        answer = await decide(browser, await again.text(), button);
      }
      const { searchParams } = new URL(answer.headers.get("location")!);
      expect(searchParams.get("state")).toBe("s");
      expect([operations, searchParams.get("error")]).toEqual([
        operations,
        button === "accept" ? null : "access_denied",
      ]);
      expect((await browser.get(url)).status).toBe(400);
      if (button === "cancel") continue;
      const form = { request_type: "code", code: searchParams.get("code")!, redirect_uri: CALLBACK };
      const redeemed = [await parties.request(form), await parties.request(form)];
      expect(redeemed.map(({ status }) => status)).toEqual([200, 400]);
    }
    expect(statuses).toEqual([...statuses.slice(1).fill(503), 303]);
    expect(statuses.length).toBeGreaterThan(3);
  },
);
