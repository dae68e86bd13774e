import { z } from "zod";
import { setting } from "../config/setting.ts";
import { integerSetting } from "../config/value-schemas.ts";

/** Address of the store for state that outlives a request. */
export type StoreAddress =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly folder: string }
  | { readonly kind: "postgres"; readonly url: string };

const storeAddress = z.string().transform((text, context): StoreAddress => {
  const [, folder] = /^sqlite:(.+)$/s.exec(text) ?? [];
  if (text === "memory") return { kind: "memory" };
  if (folder !== undefined) return { kind: "sqlite", folder };
  if (/^postgres(?:ql)?:$/.test(URL.parse(text)?.protocol ?? "")) return { kind: "postgres", url: text };
  context.addIssue({ code: "custom", message: "expected memory, sqlite:FOLDER or postgres://…" });
  return z.NEVER;
});

const claimsUrl = z
  .string()
  .refine((text) => /^(?:valkey|redis|rediss):$/.test(URL.parse(text)?.protocol ?? ""), {
    error: "expected valkey://…, redis://… or rediss://…",
  });

/** Settings of services with state that outlives a request, and own keys. */
export const storeSettings = {
  store: setting({
    env: "AAUTH_STORE",
    schema: storeAddress.optional(),
    secret: true,
    description:
      "Store of runs, grants, tokens and used signatures: memory, sqlite:FOLDER or postgres://… Unset: a folder of the profile and the port in .data",
  }),
  replayStore: setting({
    env: "AAUTH_REPLAY_STORE",
    schema: claimsUrl.optional(),
    secret: true,
    description: "Separate store of used signatures: valkey://… or redis://… Unset: AAUTH_STORE",
  }),
  keysFolder: setting({
    env: "AAUTH_KEYS",
    schema: z.string().min(1).optional(),
    description:
      "Folder of private keys and secrets, readable by its owner only. Unset: a folder of the profile and the port in .keys; with memory, new keys at each start",
  }),
  replicas: setting({
    env: "AAUTH_REPLICAS",
    schema: integerSetting(1, { minimum: 1, maximum: 1_000 }),
    description: "Processes of this service; more than one require a shared AAUTH_STORE and AAUTH_KEYS",
  }),
};
