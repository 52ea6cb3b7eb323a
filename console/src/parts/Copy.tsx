// An id that can be copied by one press. Owns saying that it was copied. Must not shorten what is copied.
import { useState } from "react";

export function Copy({ text, short = false }: { text: string; short?: boolean }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => setCopied(true));
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" className="copy figures" title={`Copy ${text}`} onClick={copy}>
      {short ? `…${text.slice(-8)}` : text}
      <span className="faint" role="status">
        {copied ? " copied" : ""}
      </span>
    </button>
  );
}
