package alert_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-13dc028d/longwatch/alert"
)

func ExampleMessage_Text() {
	from := time.Date(2025, 12, 29, 22, 35, 0, 0, time.UTC)
	fmt.Println(alert.Message{
		Kind: alert.Resolved, Rule: "probe_fails", Target: "outbound", Summary: "the probe passed",
		Since: from, Until: from.Add(9 * time.Minute), Instance: "api-1", Key: "#probe_fails-4",
	}.Text())
	// Output:
	// [RESOLVED] probe_fails · outbound after 9m0s
	// the probe passed
	// since 2025-12-29 22:35:00 UTC
	// until 2025-12-29 22:44:00 UTC
	// instance api-1
	// #probe_fails-4
}

// A channel is a function that sends once.
func ExampleFunc() {
	pager := alert.Func(func(_ context.Context, m alert.Message) error {
		fmt.Println("beep:", m.Rule)
		return nil
	})
	fmt.Println(pager.Alert(context.Background(), alert.Message{Kind: alert.Firing, Rule: "logged_out"}))
	// Output:
	// beep: logged_out
	// <nil>
}

// A backlog goes as few messages.
func ExampleCoalesce() {
	due := []alert.Message{
		{Kind: alert.Firing, Rule: "missed_heartbeats", Key: "#missed_heartbeats-1"},
		{Kind: alert.Firing, Rule: "logged_out", Key: "#logged_out-1"},
	}
	m, n := alert.Coalesce(due)
	fmt.Println(n)
	fmt.Println(m.Text())
	// Output:
	// 2
	// [DIGEST] 2 messages: 2 firing
	//
	// [FIRING] missed_heartbeats
	// #missed_heartbeats-1
	//
	// [FIRING] logged_out
	// #logged_out-1
	//
	// #digest-98abb7ac6a83
}

// One channel fails, and only that one is asked again.
func ExampleFanout() {
	chat := alert.Func(func(context.Context, alert.Message) error {
		fmt.Println("chat: sent")
		return nil
	})
	down := true
	mail := alert.Func(func(context.Context, alert.Message) error {
		if down {
			return errors.New("mail: no route")
		}
		fmt.Println("mail: sent")
		return nil
	})
	both := alert.Fanout(chat, mail)
	m := alert.Message{Kind: alert.Firing, Rule: "logged_out", Key: "#logged_out-1"}
	fmt.Println(both.Alert(context.Background(), m))
	down = false
	fmt.Println(both.Alert(context.Background(), m))
	// Output:
	// chat: sent
	// mail: no route
	// mail: sent
	// <nil>
}

func ExamplePermanent() {
	err := fmt.Errorf("pager: %w", alert.Permanent(errors.New("no such number")))
	fmt.Println(err, alert.IsPermanent(err))
	// Output: pager: no such number true
}

func ExamplePartial() {
	err := alert.Partial(fmt.Errorf("pager: %w", alert.Permanent(errors.New("no such number"))))
	fmt.Println(err, alert.IsPartial(err), alert.IsPermanent(err))
	// Output: pager: no such number true true
}

// Whoever repeats a message asks how long to wait.
func ExampleRetryAfterError() {
	var err error = &alert.RetryAfterError{After: 30 * time.Second, Err: errors.New("too many messages")}
	err = fmt.Errorf("pager: %w", err)
	if wait, ok := errors.AsType[*alert.RetryAfterError](err); ok {
		fmt.Println("again in", wait.After)
	}
	fmt.Println(err)
	// Output:
	// again in 30s
	// pager: alert: asked to wait 30s: too many messages
}

func ExampleRoute() {
	print := func(name string) alert.Alerter {
		return alert.Func(func(_ context.Context, m alert.Message) error {
			fmt.Println(name+":", m.Rule)
			return nil
		})
	}
	router, err := alert.Route(alert.RouteOptions{
		Channels: []alert.Channel{{Name: "pager", Alerter: print("pager")}, {Name: "chat", Alerter: print("chat")}},
		Ways:     []alert.Way{{Severities: []string{"critical"}, Channels: []string{"pager"}}},
		Default:  []string{"chat"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = router.Alert(context.Background(), alert.Message{Kind: alert.Firing, Severity: "critical", Rule: "logged_out", Key: "#logged_out-1"})
	_ = router.Alert(context.Background(), alert.Message{Kind: alert.Firing, Severity: "warning", Rule: "queue_depth", Key: "#queue_depth-1"})
	fmt.Println(router.Channels()[0].Name, router.Channels()[0].LastError == "")
	// Output:
	// pager: logged_out
	// chat: queue_depth
	// pager true
}
