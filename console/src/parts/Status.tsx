// A state as a word with a tone and a mark of its own shape: readable without colour (CON-15, CON-23). Must not know what it belongs to.
import { attentionWord, reasonWords, statusWord, type Tone } from "~/parts/status";

const MARKS: Record<Tone, string> = { good: "●", busy: "◐", wait: "○", warn: "▲", bad: "■", unknown: "◆", plain: "–" };

export function Word({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={`word tone-${tone}`}>
      <span aria-hidden="true">{MARKS[tone]}</span> {children}
    </span>
  );
}

export function Status({ status, reason }: { status: string; reason?: string | null | undefined }) {
  const [word, tone] = statusWord(status);
  const why = reasonWords(reason);
  return (
    <span className="status">
      <Word tone={tone}>{word}</Word>
      {why ? <span className="faint status-why">{why}</span> : null}
    </span>
  );
}

export function Attention({ level }: { level: string }) {
  const [word, tone] = attentionWord(level);
  return <Word tone={tone}>{word}</Word>;
}
