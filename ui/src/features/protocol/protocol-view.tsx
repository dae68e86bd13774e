import type { Message, ProtocolRun, UserNames } from "protocol-trace/read";
import { useEffect, useState } from "react";
import { messageByPageKey } from "./message-by-key.ts";
import { MessageDetail } from "./message-detail.tsx";
import type { TabName } from "./message-tabs.tsx";
import { type MostTelling, mostTelling } from "./most-telling.ts";
import styles from "./protocol-view.module.css";
import { SequencePicture } from "./sequence-picture.tsx";

interface ProtocolViewProps {
  run: ProtocolRun;
  /** Display names of users. */
  nameOf: UserNames;
  /** No more spans will be recorded. */
  isFinished: boolean;
  /** The message that the page's address names. */
  openId: string | undefined;
  hrefOf: (message: Message) => string;
  /** The user steps to a message by a key or a button. */
  onStep: (message: Message) => void;
}

/** The picture of a run on one side, one message of it on the other. */
export function ProtocolView({ run, nameOf, isFinished, openId, hrefOf, onStep }: ProtocolViewProps) {
  // Stepping through messages keeps the tab.
  const [tab, setTab] = useState<TabName>("checks");
  const asked = run.messages.find(({ id }) => id === openId);
  const { message: open, why }: Partial<MostTelling> = asked
    ? { message: asked }
    : (mostTelling(run.messages) ?? {});

  // The keys also work while the focus is outside the picture.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const message = messageByPageKey(event, run.messages, open?.id);
      if (message === undefined) return;
      event.preventDefault();
      onStep(message);
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [run, open?.id, onStep]);

  return (
    <div className={styles.view}>
      <div className={styles.picture}>
        <SequencePicture run={run} openId={open?.id} hrefOf={hrefOf} onStep={onStep} />
        <p className="chips small">
          <span className="toned" data-verdict="passed">
            ✓ every check passed
          </span>
          <span className="toned" data-verdict="challenged">
            – challenged
          </span>
          <span className="toned" data-verdict="refused">
            ✕ refused
          </span>
        </p>
      </div>
      {open && (
        <MessageDetail
          key={open.id}
          {...{ run, nameOf, isFinished, tab, onStep, why }}
          message={open}
          onTab={setTab}
        />
      )}
    </div>
  );
}
