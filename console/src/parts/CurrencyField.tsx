// The three letters of a currency, in upper case however they are typed. Owns the field. Must not know which currencies there are.
import { Field } from "~/parts/Field";

interface CurrencyFieldProps {
  name: string;
  fault?: string | undefined;
  value: string;
  onChange: (currency: string) => void;
}

export function CurrencyField({ name, fault, value, onChange }: CurrencyFieldProps) {
  return (
    <Field name={name} fault={fault}>
      {(props) => (
        <input
          {...props}
          size={5}
          maxLength={3}
          value={value}
          onChange={(event) => onChange(event.target.value.toUpperCase())}
        />
      )}
    </Field>
  );
}
