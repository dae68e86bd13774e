import type { Store } from "../components/stored.ts";

const NAME = "signed_out";

/** Records that this tab's user has signed out, here or in another tab. */
export const noteSignOut = (store: Store): void => store.setItem(NAME, "yes");

export const isSignedOut = (store: Store): boolean => store.getItem(NAME) !== null;

export const forgetSignOut = (store: Store): void => store.removeItem(NAME);
