// Go's own reverse proxy, the engine of kamal-proxy: reverse-proxy PORT UPSTREAM.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
)

type buffers struct{ sync.Pool }

func (b *buffers) Get() []byte      { return *b.Pool.Get().(*[]byte) }
func (b *buffers) Put(bytes []byte) { b.Pool.Put(&bytes) }

func main() {
	target, err := url.Parse("http://127.0.0.1:" + os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	transport.DisableCompression = true
	fresh := func() any { bytes := make([]byte, 32*1024); return &bytes }
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport:  transport,
		BufferPool: &buffers{sync.Pool{New: fresh}},
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], proxy))
}
