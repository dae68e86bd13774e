import { type KeyboardEvent, type ReactNode, useId } from "react";
import styles from "./tabs.module.css";

interface TabsProps<Name extends string> {
  /** Accessible name of the list. */
  label: string;
  tabs: readonly (readonly [Name, label: string, content: ReactNode])[];
  selected: Name;
  onSelect: (name: Name) => void;
}

/**
 * Contents of which one is shown. The arrow keys select the next tab, as the WAI-ARIA pattern has
 * it.
 */
export function Tabs<Name extends string>({ label, tabs, selected, onSelect }: TabsProps<Name>) {
  const id = useId();
  const at = tabs.findIndex(([name]) => name === selected);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const { length } = tabs;
    const next = {
      ArrowRight: (at + 1) % length,
      ArrowLeft: (at + length - 1) % length,
      Home: 0,
      End: length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onSelect(tabs[next]![0]);
    event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <div>
      <div className={styles.list} role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {tabs.map(([name, title]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-controls={name === selected ? `${id}-panel` : undefined}
            aria-selected={name === selected}
            tabIndex={name === selected ? 0 : -1}
            onClick={() => onSelect(name)}
          >
            {title}
          </button>
        ))}
      </div>
      <div className={styles.panel} role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${selected}`}>
        {tabs[at]?.[2]}
      </div>
    </div>
  );
}
