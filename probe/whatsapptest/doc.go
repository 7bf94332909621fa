// Package whatsapptest is a WhatsApp server for tests: unmodified
// *whatsmeow.Clients connect to it, pair with it, and talk through it.
package whatsapptest
