/** Why a line of a list gives no name, in words. */
import type { RejectReason } from 'phaseline-client'
import { wordsOf } from './phases'

const MEANINGS: Readonly<Record<RejectReason, string>> = {
  line_too_long: 'the line is too long',
  not_utf8: 'it is not UTF-8',
  text_too_long: 'the text is too long',
  control_character: 'it holds a control character',
  whitespace: 'it holds a blank',
  ip_address: 'it is an IP address',
  port_invalid: 'its port is none',
  no_host: 'there is no host in it',
  no_dot: 'it has no dot',
  empty_label: 'a part between dots is empty',
  label_too_long: 'a part between dots is too long',
  name_too_long: 'the name is too long',
  character_invalid: 'it holds a character that names do not have',
  hyphen_misplaced: 'a part begins or ends with a hyphen',
  tld_invalid: 'its last part can be no top-level domain',
  idna_invalid: 'its letters cannot be written as a name',
  column_missing: 'the record has no such column',
  quote_unclosed: 'a quote is not closed',
  csv_invalid: 'the record is no CSV',
  json_invalid: 'the line is no JSON object',
  field_missing: 'the object has no such field',
}

export function rejectMeaning(reason: RejectReason): string {
  return MEANINGS[reason] ?? wordsOf(reason)
}
