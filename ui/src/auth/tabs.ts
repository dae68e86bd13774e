import { z } from "zod";

const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("signed_out") }),
  z.object({ type: z.literal("who") }),
  z.object({ type: z.literal("user"), name: z.string() }),
]);

type Message = z.infer<typeof messageSchema>;
type Channel = Pick<BroadcastChannel, "postMessage" | "close"> & Pick<EventTarget, "addEventListener">;

const NAME = "session";

/**
 * Connects the browser's tabs. They tell each other who is signed in, until one signs out; no token
 * leaves its tab.
 *
 * @param own name of this tab's user; if it is undefined, the other tabs are asked for theirs
 * @param on.signedOut called when another tab signs out
 * @param on.user called with the name of another tab's user
 */
export function createTabs(
  own: string | undefined,
  on: { signedOut(): void; user(name: string): void },
  channel: Channel = new BroadcastChannel(NAME),
): { signOut(): void; close(): void } {
  let isOver = false;
  const send = (message: Message) => channel.postMessage(message);
  channel.addEventListener("message", (event) => {
    const { data: message } = messageSchema.safeParse((event as MessageEvent).data);
    if (message?.type === "signed_out") {
      isOver = true;
      on.signedOut();
    }
    if (message?.type === "user" && own === undefined) on.user(message.name);
    if (message?.type === "who" && own !== undefined && !isOver) send({ type: "user", name: own });
  });
  if (own === undefined) send({ type: "who" });
  return {
    /** Signs the other tabs out. */
    signOut() {
      isOver = true;
      send({ type: "signed_out" });
    },
    close: () => channel.close(),
  };
}
