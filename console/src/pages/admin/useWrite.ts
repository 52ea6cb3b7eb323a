// One write at a time of an administration form: sent once per press, its trouble kept to be shown. Owns the double press. Must not retry.
import { useRef, useState } from "react";

export function useWrite(after: () => unknown) {
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const busy = useRef(false);
  const run = async (act: () => Promise<unknown>) => {
    if (busy.current) return;
    busy.current = true;
    setBusy(true);
    setError(null);
    try {
      await act();
      await after();
    } catch (trouble) {
      setError(trouble);
    } finally {
      busy.current = false;
      setBusy(false);
    }
  };
  return { run, error, isBusy };
}
