// The button behind which new rows of a list wait (CON-10). Owns its words. Must not read.
import { count } from "~/money/amount";
import { COUNTED_MAX } from "~/rows/comers";

export function NewRows({ number, onShow }: { number: number; onShow: () => void }) {
  if (number <= 0) return null;
  return (
    <button type="button" className="button primary" onClick={onShow}>
      {number === COUNTED_MAX ? `${count(number)} or more` : count(number)} new: show them
    </button>
  );
}
