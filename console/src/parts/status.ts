// The words for the states of payouts, batches and waiting reasons, and the tone each is drawn in. Owns the words. Must not decide anything.

export type Tone = "good" | "busy" | "wait" | "warn" | "bad" | "unknown" | "plain";

const STATUS: Record<string, [string, Tone]> = {
  pending: ["Pending", "wait"],
  processing: ["Processing", "busy"],
  requires_action: ["Outcome unknown", "unknown"],
  completed: ["Paid", "good"],
  failed: ["Failed", "bad"],
  canceled: ["Canceled", "plain"],
  rejected: ["Rejected", "bad"],
  returned: ["Returned", "warn"],
  draft: ["Draft", "plain"],
  in_transit: ["In transit", "good"],
  settled: ["Settled", "good"],
  requires_reconciliation: ["Has unknown outcomes", "unknown"],
  submitting: ["Submitting", "busy"],
  submitted: ["Submitted", "good"],
  refused: ["Refused", "bad"],
  discarded: ["Discarded", "plain"],
  requested: ["Requested, not decided", "wait"],
  delivered: ["Delivered", "good"],
  enabled: ["Enabled", "good"],
  disabled: ["Disabled", "warn"],
};

const REASON: Record<string, string> = {
  approval: "waits for approval",
  schedule: "waits for its time",
  funds: "waits for funds",
  paused: "paused",
  hold: "on hold",
  unsealed: "its batch is still open",
  retry: "will be tried again",
  in_progress: "the provider is working on it",
  outcome_unknown: "the provider did not say; it is asked again",
  insufficient_funds: "not enough funds",
};

const ATTENTION: Record<string, [string, Tone]> = {
  action_required: ["Needs you", "unknown"],
  warning: ["Warning", "bad"],
  info: ["Note", "warn"],
  none: ["Fine", "plain"],
};

/** The word and tone of a state; a word of the future is shown as it is. */
export function statusWord(status: string): [string, Tone] {
  return STATUS[status] ?? [status.replaceAll("_", " "), "plain"];
}

export function reasonWords(reason: string | null | undefined): string | null {
  return reason ? (REASON[reason] ?? reason.replaceAll("_", " ")) : null;
}

export function attentionWord(attention: string): [string, Tone] {
  return ATTENTION[attention] ?? [attention.replaceAll("_", " "), "plain"];
}

/** Who needs a person comes first. */
export function attentionRank(attention: string): number {
  return { action_required: 0, warning: 1, info: 2 }[attention] ?? 3;
}
