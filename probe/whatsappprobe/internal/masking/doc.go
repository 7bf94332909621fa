// Package masking hides telephone numbers: in what is shown of one, in texts of
// others, and in the log of the WhatsApp client.
//
// It knows a number by its seven digits or more, and by nothing else: names and
// messages go through as they are.
package masking
