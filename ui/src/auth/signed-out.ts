import type { Store } from "../components/stored.ts";

const NAME = "signed_out";

/** Records that this tab's user has signed out, here or in another tab. */
export const noteSignOut = (store: Store): void => store.setItem(NAME, "yes");

export const isSignedOut = (store: Store): boolean => store.getItem(NAME) !== null;

export const forgetSignOut = (store: Store): void => store.removeItem(NAME);

const SIGNED_IN_AT = "signed_in_at";
const SIGNED_OUT_AT = "signed_out_at";

/** Records when this tab's user goes to sign in. @param tab this tab's sessionStorage */
export const noteSignIn = (tab: Store, now = Date.now()): void => tab.setItem(SIGNED_IN_AT, String(now));

/** Records when a tab has signed out all tabs. @param browser the browser's localStorage */
export const noteSignOutOfAll = (browser: Store, now = Date.now()): void =>
  browser.setItem(SIGNED_OUT_AT, String(now));

/** Whether a tab has signed out all tabs since this tab's user went to sign in. */
export const isSignedOutOfAll = (tab: Store, browser: Store): boolean =>
  Number(tab.getItem(SIGNED_IN_AT)) < Number(browser.getItem(SIGNED_OUT_AT));
