"""What every room stands on: files, errors, progress, versions. May not decide a number."""
