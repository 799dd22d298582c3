// A service on net/http that loses nothing when it is stopped.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

const budget = 20 * time.Second

var (
	delay    = duration("DRAIN_DELAY", 5*time.Second)
	slow     = duration("SLOW", time.Second)
	draining atomic.Bool
	drained  = make(chan struct{})
)

func main() {
	// Before the listener: a signal that comes in between must not kill.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)

	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", answer)
	mux.HandleFunc("/health", answer)
	mux.HandleFunc("/startup", answer)
	mux.HandleFunc("/ready", ready)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(slow)
		answer(w, r)
	})
	mux.HandleFunc("/events", events)
	server := &http.Server{Handler: announceClose(mux), IdleTimeout: 75 * time.Second}

	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")))
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(listener)

	<-signals
	draining.Store(true)
	// SetKeepAlivesEnabled(false) would close idle connections at once, while requests still come.
	time.Sleep(delay)
	close(drained)
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		log.Fatalf("cut what was in flight: %v", err)
	}
}

// From SIGTERM on every answer tells its client to leave, while the listener is still open.
func announceClose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	// Asked again: the signal may have come while this one was worked on.
	if draining.Load() {
		w.Header().Set("Connection", "close")
	}
	io.WriteString(w, "ok\n")
}

func ready(w http.ResponseWriter, r *http.Request) {
	if draining.Load() {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	answer(w, r)
}

func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Connection", "close")
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		io.WriteString(w, "data: tick\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-drained:
			io.WriteString(w, "retry: 500\n\n")
			return
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func duration(name string, otherwise time.Duration) time.Duration {
	if value, err := time.ParseDuration(os.Getenv(name)); err == nil {
		return value
	}
	return otherwise
}
