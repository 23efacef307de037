DELETE FROM job WHERE kind = 'file_photos';
