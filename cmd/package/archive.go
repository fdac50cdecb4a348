package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// packed is a file of an archive.
type packed struct {
	name string
	mode fs.FileMode
	data []byte
}

// packArchive makes what people without Python unpack: a .zip for Windows, a
// .tar.gz for all others, with one folder in it.
func packArchive(r release, p platform, binary []byte) (string, []byte, error) {
	folder := fmt.Sprintf("tap-livechat-%s-%s-%s", r.version, p.os, p.arch)
	files := []packed{
		{folder + "/" + p.program(), 0o755, binary},
		{folder + "/LICENSE", 0o644, r.license},
		{folder + "/README.md", 0o644, r.readme},
	}
	if p.os == "windows" {
		data, err := zipped(r, files)
		return folder + ".zip", data, err
	}
	data, err := tarred(r, files)
	return folder + ".tar.gz", data, err
}

func zipped(r release, files []packed) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		if err := zipFile(z, r, f.name, f.mode, f.data); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

func tarred(r release, files []packed) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: r.time, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	err = compressed.Close()
	return out.Bytes(), err
}

// writeSums writes SHA256SUMS as sha256sum -c reads it, of the archives made now.
func writeSums(dist string, names []string, out io.Writer) error {
	var sums bytes.Buffer
	for _, name := range slices.Sorted(slices.Values(names)) {
		data, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	file := filepath.Join(dist, "SHA256SUMS")
	fmt.Fprintln(out, file)
	return os.WriteFile(file, sums.Bytes(), 0o644)
}
