package whatsapptest

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
)

// seededPrekeys is how many one-time prekeys a seeded device has uploaded. Making
// them is most of what seeding costs, and a client that runs out makes more.
const seededPrekeys = 4 * whatsmeow.MinPreKeyCount

// Seed makes device a linked one of the account of number, as if it had been
// paired long ago, and saves it in its container. The device must be a new one,
// and the whatsmeow.Client must be made after this: it looks only once whether
// its device is paired.
func (s *Server) Seed(ctx context.Context, device *store.Device, number string) error {
	s.mu.Lock()
	account, err := s.accountOf(number)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	d := account.newDevice()
	s.mu.Unlock()

	identity := device.IdentityKey.Pub[:]
	signed, err := account.phone.vouch(identity, d.id)
	if err != nil {
		return err
	}
	signed.DeviceSignature = sign(device.IdentityKey, deviceMessage(signed, identity, signed.AccountSignatureKey))
	jid := d.pn()
	device.ID, device.LID = &jid, d.lid()
	device.Account, device.Platform = signed, platform
	if err := device.Save(ctx); err != nil {
		return fmt.Errorf("whatsapptest: saving a seeded device: %w", err)
	}
	if err := device.LIDs.PutLIDMapping(ctx, d.lid(), d.pn()); err != nil {
		return fmt.Errorf("whatsapptest: saving a seeded device: %w", err)
	}
	oneTime, err := device.PreKeys.GetOrGenPreKeys(ctx, seededPrekeys)
	if err != nil {
		return fmt.Errorf("whatsapptest: making prekeys: %w", err)
	}
	if err := device.PreKeys.MarkPreKeysAsUploaded(ctx, oneTime[len(oneTime)-1].KeyID); err != nil {
		return fmt.Errorf("whatsapptest: saving prekeys: %w", err)
	}

	d.noise = *device.NoiseKey.Pub
	d.keys = keyset{
		registration: binary.BigEndian.AppendUint32(nil, device.RegistrationID),
		identity:     identity,
		signed:       newPrekey(device.SignedPreKey),
	}
	for _, k := range oneTime {
		d.keys.oneTime = append(d.keys.oneTime, newPrekey(k))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link(d)
	return nil
}

// link makes d one of its account's devices. The caller holds mu.
func (s *Server) link(d *device) {
	d.account.devices[d.id] = d
	s.tellDevices(d.account)
	s.notify()
}
