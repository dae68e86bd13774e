import { NativeSelect, TextInput } from "@mantine/core";
import { type Catalogue, MAX_ORDER_QUANTITY, type Order } from "backend-api";
import { useEffect, useRef, useState } from "react";
import type { ApiClient } from "../../api/client.ts";
import { BusyButton } from "../../components/busy-button.tsx";
import { FailurePanel } from "../../components/failure-panel.tsx";
import { Fold } from "../../components/fold.tsx";
import { formatDollars } from "../../components/format-amount.ts";
import { formatRunAddress } from "../../components/run-address.ts";
import { interactionUrlOf, type OrderState, UNKNOWN_ORDER } from "./order-reducer.ts";
import { useOrder } from "./use-order.ts";

interface OrderPanelProps {
  client: ApiClient;
  store: Storage;
  disabled: boolean;
}

/**
 * Orders laptops. The supply-chain agent places an order only after the user approves it on the
 * agent's own page.
 */
export function OrderPanel({ disabled, ...options }: OrderPanelProps) {
  const { state, open, order } = useOrder(options);
  const { catalogue, busy } = state;
  const [first, ...others] = catalogue?.laptops ?? [];

  return (
    <Fold
      title="Order laptops"
      testId="order-panel"
      opens={state.order !== undefined || state.failure !== undefined}
    >
      <p className="note">
        The supply-chain agent places an order only after you approve it on the agent’s own page. An agent
        cannot approve it for you.
      </p>
      {first === undefined ? (
        <BusyButton
          variant="default"
          disabled={disabled || busy === "order"}
          busy={busy === "catalogue"}
          onClick={() => void open()}
        >
          Show the catalogue
        </BusyButton>
      ) : (
        <OrderForm disabled={disabled} busy={busy} order={order} laptops={[first, ...others]} />
      )}
      <div role="status">
        {state.order && <Outcome order={state.order} />}
        {state.order && (
          <a href={formatRunAddress({ kind: "order", requestId: state.order.order_id })}>
            Show the order’s messages
          </a>
        )}
      </div>
      {state.failure && <FailurePanel title={failureTitle(state)} failure={state.failure} />}
      {state.order?.failure && (
        <FailurePanel title="The order was not placed" failure={state.order.failure} />
      )}
    </Fold>
  );
}

function failureTitle({ failed, failure }: OrderState): string {
  if (failed === "catalogue") return "The catalogue cannot be shown";
  // The order may have been placed before.
  return failure === UNKNOWN_ORDER ? "This return was not used" : "The order was not placed";
}

type Laptop = Catalogue["laptops"][number];

interface OrderFormProps extends Pick<ReturnType<typeof useOrder>, "order"> {
  laptops: readonly [Laptop, ...Laptop[]];
  disabled: boolean;
  busy: OrderState["busy"];
}

/** Replaces the catalogue button and takes its focus. */
function OrderForm({ laptops, disabled, busy, order }: OrderFormProps) {
  const [model, setModel] = useState("");
  const [quantity, setQuantity] = useState("25");
  const laptop = laptops.find((item) => item.model === model) ?? laptops[0];
  const count = orderCount(quantity);
  const modelField = useRef<HTMLSelectElement>(null);
  useEffect(() => modelField.current?.focus(), []);

  return (
    <form
      className="line order-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (count > 0) void order(laptop.model, count);
      }}
    >
      <NativeSelect
        ref={modelField}
        label="Model"
        value={laptop.model}
        data={laptops.map((item) => ({
          value: item.model,
          label: `${item.model} (${item.vendor}, ${formatDollars(item.unitPrice)})`,
        }))}
        onChange={(event) => setModel(event.currentTarget.value)}
      />
      <TextInput
        label="Quantity"
        inputMode="numeric"
        value={quantity}
        error={count > 0 ? undefined : `A whole number from 1 to ${MAX_ORDER_QUANTITY}`}
        onChange={(event) => setQuantity(event.currentTarget.value)}
      />
      <BusyButton
        type="submit"
        disabled={disabled || busy === "catalogue" || count === 0}
        busy={busy === "order"}
      >
        {count === 0 ? "Order" : `Order for ${formatDollars(laptop.unitPrice * count)}`}
      </BusyButton>
    </form>
  );
}

/** The number of laptops typed; 0 for anything that the backend would reject. */
export function orderCount(typed: string): number {
  const count = /^\d{1,5}$/.test(typed.trim()) ? Number(typed) : 0;
  return count <= MAX_ORDER_QUANTITY ? count : 0;
}

function waitingFor({ interaction_party: party = "supply-chain-agent" }: Order): string {
  return party === "supply-chain-agent"
    ? "waiting for your approval on the supply-chain agent’s page"
    : `waiting for you on the page of your ${party.replace("-", " ")}, which does not know this agent yet`;
}

/** Status of the last order, and the next step. */
export function Outcome({ order }: { order: Order }) {
  const what = `${order.quantity} × ${order.model}`;
  switch (order.status) {
    case "placed": {
      const { name, email, sub } = order.approved_by ?? { sub: "unknown" };
      return (
        <p data-testid="order-placed">
          <strong>Placed:</strong> {what} for {formatDollars(order.total ?? 0)}, approved by{" "}
          {[name, email].filter(Boolean).join(", ") || sub}.
        </p>
      );
    }
    case "declined":
      return (
        <p>
          <strong>Not placed:</strong> you declined {what}.
        </p>
      );
    case "interaction_required": {
      // The browser has already been there. This link continues after the Back button.
      const url = interactionUrlOf(order);
      return (
        <p>
          {what}: {waitingFor(order)}. {url && <a href={url}>Continue</a>}
        </p>
      );
    }
    case "placing":
      return <p>{what}: the order is being placed.</p>;
    case "failed":
      return null;
  }
}
