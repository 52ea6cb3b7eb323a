// The development routes (CON-05, CON-18): faults on real requests, the simulator's preset, the outcome of one payout. They exist in the
// profile `development` only: anywhere else they are 404, and nothing of this is offered. Owns addresses and shapes. Must not draw.
import { queryOptions } from "@tanstack/react-query";
import { ofMerchant } from "~/api/reads";
import { send } from "~/api/request";
import { troubleOf } from "~/api/trouble";

export interface Faults {
  mode: string;
  since: string | null;
  ends_at: string | null;
  time: string;
  touched: number;
  spoilt: number;
  modes: { mode: string; title: string; description: string }[];
}

export interface Simulator {
  preset: string;
  failure_rate: number;
  hang_rate: number;
  delay_seconds: number;
  presets: string[];
}

export interface Outcome {
  id: string;
  status: string;
  standing: string | null;
  chosen: string | null;
  outcomes: string[];
  codes: string[];
}

/** Null where there is no such thing: not a development system, or a credential without the right. */
async function readOrNull<T>(path: string, signal: AbortSignal, merchant?: string): Promise<T | null> {
  try {
    return (await send<T>({ path, signal, merchant })).body;
  } catch (error) {
    if (signal.aborted) throw error;
    const { status } = troubleOf(error).parts;
    if (status === 404 || status === 403) return null;
    throw error;
  }
}

export const faultsQuery = queryOptions({
  queryKey: ["development", "faults"],
  queryFn: ({ signal }) => readOrNull<Faults>("/api/v1/dev/faults/", signal),
});

export const simulatorQuery = queryOptions({
  queryKey: ["development", "simulator"],
  queryFn: ({ signal }) => readOrNull<Simulator>("/api/v1/dev/simulator/", signal),
});

/** Null too for a payout that no provider is asked about any more (409). */
export const outcomeQuery = (merchant: string, id: string, version: number) =>
  queryOptions({
    queryKey: [...ofMerchant(merchant), "outcome", id, version],
    queryFn: async ({ signal }) => {
      try {
        return await readOrNull<Outcome>(`/api/v1/dev/payouts/${id}/outcome/`, signal, merchant);
      } catch (error) {
        if (troubleOf(error).parts.status === 409) return null;
        throw error;
      }
    },
    retry: false,
  });

export const setFaults = (body: { mode: string; seconds?: number }) =>
  send<Faults>({ method: "PUT", path: "/api/v1/dev/faults/", body });

export const setSimulator = (body: { preset: string }) =>
  send<Simulator>({ method: "PUT", path: "/api/v1/dev/simulator/", body });

export const setOutcome = (merchant: string, id: string, body: { outcome: string; code?: string }) =>
  send<Outcome>({ method: "PUT", path: `/api/v1/dev/payouts/${id}/outcome/`, merchant, body });
