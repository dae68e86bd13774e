import { expect, it } from "vitest";
import { createTabs } from "../../src/auth/tabs.ts";

type Channel = NonNullable<Parameters<typeof createTabs>[2]>;

/** A browser whose tabs share a channel. A tab does not receive its own messages. */
function createBrowser() {
  const open = new Set<EventTarget>();
  const channel = (): Channel => {
    const own = new EventTarget();
    open.add(own);
    return {
      addEventListener: own.addEventListener.bind(own),
      close: () => void open.delete(own),
      postMessage(data) {
        for (const tab of open) if (tab !== own) tab.dispatchEvent(new MessageEvent("message", { data }));
      },
    };
  };
  return {
    channel,
    tab(name: string | undefined) {
      const heard: string[] = [];
      const on = {
        signedOut: () => void heard.push("signed out"),
        user: (user: string) => void heard.push(user),
      };
      return { heard, ...createTabs(name, on, channel()) };
    },
  };
}

it("a tab without a user learns the signed-in user, and one with a user does not", () => {
  const { tab } = createBrowser();
  const first = tab("mcp-user");
  const second = tab(undefined);
  const third = tab("second-user");
  expect([first.heard, second.heard, third.heard]).toEqual([[], ["mcp-user"], []]);
});

it("a sign-out reaches the other tabs that are open", () => {
  const { tab } = createBrowser();
  const [own, first, closed] = [tab("mcp-user"), tab("mcp-user"), tab("mcp-user")];
  closed.close();
  own.signOut();
  expect([own.heard, first.heard, closed.heard]).toEqual([[], ["signed out"], []]);
});

it("a foreign message changes nothing", () => {
  const { tab, channel } = createBrowser();
  const first = tab(undefined);
  for (const data of [null, "signed_out", { type: "user" }, { type: "user", name: 5 }])
    channel().postMessage(data);
  expect(first.heard).toEqual([]);
});

it("after a sign-out no tab tells a new one the earlier user, in a real channel", async () => {
  const heard: string[] = [];
  const channels: BroadcastChannel[] = [];
  const tab = (name: string | undefined, what: string) => {
    const channel = new BroadcastChannel("tabs.test");
    channels.push(channel);
    const hears = (news: string) => void heard.push(`${what}: ${news}`);
    return createTabs(name, { signedOut: () => hears("signed out"), user: hears }, channel);
  };
  try {
    const own = tab("mcp-user", "own");
    tab("mcp-user", "other");
    own.signOut();
    await expect.poll(() => heard).toEqual(["other: signed out"]);
    tab("second-user", "later");
    tab(undefined, "new");
    await expect.poll(() => heard).toEqual(["other: signed out", "new: second-user"]);
  } finally {
    for (const channel of channels) channel.close();
  }
});
