import { z } from "zod";
import { readStored, type Store } from "../../components/stored.ts";
import { type Draft, storedDraftSchema } from "./draft.ts";

const names = { draft: "optimization_draft", openRun: "optimization_open_run", user: "optimization_user" };

const openRunSchema = z.object({ requestId: z.string(), prompt: z.string().optional() });

type OpenRun = z.infer<typeof openRunSchema>;

/** State kept per tab, so that input and run survive a reload or a new sign-in. */
export interface PageMemory {
  draft(): Draft | undefined;
  keepDraft(draft: Draft): void;
  openRun(): OpenRun | undefined;
  keepOpenRun(run: OpenRun | undefined): void;
  /** Called at sign-out, so that the next user finds nothing. */
  forget(): void;
}

/**
 * `user` is the subject that owns the memory. Another user's state in this tab is deleted at once.
 */
export function createPageMemory(store: Store, user?: string): PageMemory {
  function forget() {
    for (const name of Object.values(names)) store.removeItem(name);
  }
  if (user !== undefined) {
    if (store.getItem(names.user) !== user) forget();
    store.setItem(names.user, user);
  }
  return {
    draft: () => readStored(store, names.draft, storedDraftSchema),
    keepDraft: (draft) => store.setItem(names.draft, JSON.stringify(draft)),
    openRun: () => readStored(store, names.openRun, openRunSchema),
    keepOpenRun(run) {
      if (run === undefined) store.removeItem(names.openRun);
      else store.setItem(names.openRun, JSON.stringify(run));
    },
    forget,
  };
}
